// Kafka Streams counts words with exactly_once_v2, in a process of its own that is killed again and again.
// Every record gives one update of its word's count, so that the updates of a word, read committed, have to
// be 1, 2, 3 … in this order, whatever was killed when.
//
//   java ExactlyOnce <bootstrap> <prefix of names> <directory for its state>
//   java ExactlyOnce app <bootstrap> <application id> <lines> <counts> <directory>    the process

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.Future;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

public final class ExactlyOnce {
  private static final int PARTITIONS = 2;
  private static final int LINES_EACH_TIME = 150;
  private static final int KILLS = 3;

  private final String bootstrap;
  private final String application;
  private final String lines;
  private final String counts;
  private final Path state;
  private final Admin admin;
  private final Map<String, Long> expected = new TreeMap<>();
  private int sent = 0;

  private ExactlyOnce(String bootstrap, String prefix, Path state) {
    this.bootstrap = bootstrap;
    this.state = state;
    application = prefix + "-count";
    lines = prefix + "-lines";
    counts = prefix + "-counts";
    admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
  }

  public static void main(String[] args) throws Exception {
    if (args[0].equals("app")) {
      app(args);
      return;
    }
    ExactlyOnce it = new ExactlyOnce(args[0], args[1], Path.of(args[2]));
    it.createTopics();
    Steps.step("word count, killed", it::killed);
    Steps.step("restored from the changelog", it::restored);
    Steps.step("two instances, one killed", it::twoInstances);
    Steps.step("no transaction is left open", it::nothingOpen);
    System.exit(0);
  }

  private static void app(String[] args) throws Exception {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", args[1]);
    settings.put("application.id", args[2]);
    settings.put("state.dir", args[5]);
    settings.put("processing.guarantee", "exactly_once_v2");
    settings.put("commit.interval.ms", 100);
    settings.put("num.stream.threads", 2);
    settings.put("auto.offset.reset", "earliest");
    settings.put("statestore.cache.max.bytes", 0);
    // Who was killed is missed soon; the least that a broker takes.
    settings.put("consumer.session.timeout.ms", 6_000);
    settings.put("consumer.heartbeat.interval.ms", 300);
    settings.put("default.key.serde", Serdes.String().getClass().getName());
    settings.put("default.value.serde", Serdes.String().getClass().getName());
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(args[3], Consumed.with(Serdes.String(), Serdes.String()))
        .flatMapValues(line -> Arrays.asList(line.split(" ")))
        .groupBy((key, word) -> word, Grouped.with("by-word", Serdes.String(), Serdes.String()))
        .count(Materialized.as("words"))
        .toStream()
        .to(args[4], Produced.with(Serdes.String(), Serdes.Long()));
    KafkaStreams streams = new KafkaStreams(builder.build(), settings);
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }

  private Process start(String directory) throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    String classes = System.getProperty("java.class.path");
    String level = "-Dorg.slf4j.simpleLogger.defaultLogLevel=error";
    List<String> words = List.of(
        java, "-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", level, "-cp", classes,
        "ExactlyOnce", "app", bootstrap, application, lines, counts, state.resolve(directory).toString());
    Process process = new ProcessBuilder(words).inheritIO().start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    return process;
  }

  private void createTopics() throws Exception {
    NewTopic in = new NewTopic(lines, PARTITIONS, (short) 1);
    NewTopic out = new NewTopic(counts, PARTITIONS, (short) 1);
    admin.createTopics(List.of(in, out)).all().get();
  }

  private void sendLines() throws Exception {
    StringSerializer text = new StringSerializer();
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap), text, text)) {
      List<Future<?>> answers = new ArrayList<>();
      for (int n = 0; n < LINES_EACH_TIME; n++) {
        int number = sent++;
        String line = "every word-%d слово-%d".formatted(number % 7, number % 11);
        for (String word : line.split(" ")) expected.merge(word, 1L, Long::sum);
        answers.add(producer.send(new ProducerRecord<>(lines, number % PARTITIONS, null, line)));
      }
      for (Future<?> answer : answers) answer.get();
    }
  }

  /** All updates of all words that are committed. */
  private final class Updates implements AutoCloseable {
    final Map<String, List<Long>> found = new TreeMap<>();
    private final KafkaConsumer<String, Long> consumer = new KafkaConsumer<>(
        Map.of("bootstrap.servers", bootstrap, "isolation.level", "read_committed"),
        new StringDeserializer(), new LongDeserializer());

    Updates() {
      List<TopicPartition> partitions = new ArrayList<>();
      for (int n = 0; n < PARTITIONS; n++) partitions.add(new TopicPartition(counts, n));
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
    }

    void poll() {
      consumer.poll(Duration.ofMillis(100)).forEach((it) -> {
        found.computeIfAbsent(it.key(), (word) -> new ArrayList<>()).add(it.value());
      });
    }

    int count() {
      return found.values().stream().mapToInt(Collection::size).sum();
    }

    void awaitAll() {
      long all = expected.values().stream().mapToLong(Long::longValue).sum();
      Steps.until("all is counted", () -> count() >= all, this::poll);
      poll();
      expected.forEach((word, count) -> {
        Steps.same(word, found.get(word), LongStream.rangeClosed(1, count).boxed().toList());
      });
      Steps.same("words", found.keySet(), expected.keySet());
    }

    @Override
    public void close() {
      consumer.close();
    }
  }

  private String killed() throws Exception {
    try (Updates updates = new Updates()) {
      for (int kill = 0; kill < KILLS; kill++) {
        Process app = start("first");
        sendLines();
        // Somewhere in the middle of what it has to do.
        int enough = updates.count() + LINES_EACH_TIME / 2;
        Steps.until("it has begun", () -> updates.count() >= enough, updates::poll);
        app.destroyForcibly().waitFor();
        sendLines();
      }
      Process app = start("first");
      updates.awaitAll();
      app.destroy();
      app.waitFor();
    }
    return "";
  }

  private String restored() throws Exception {
    try (Stream<Path> files = Files.walk(state)) {
      for (Path path : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(path);
    }
    try (Updates updates = new Updates()) {
      sendLines();
      Process app = start("first");
      updates.awaitAll();
      app.destroy();
      app.waitFor();
    }
    return "";
  }

  private String twoInstances() throws Exception {
    try (Updates updates = new Updates()) {
      Process first = start("first");
      Process second = start("second");
      for (int round = 0; round < 4; round++) {
        sendLines();
        int enough = updates.count() + LINES_EACH_TIME / 2;
        Steps.until("they go on", () -> updates.count() >= enough, updates::poll);
      }
      first.destroyForcibly().waitFor();
      sendLines();
      updates.awaitAll();
      second.destroy();
      second.waitFor();
    }
    return "";
  }

  /** Who was killed for good leaves one that the broker aborts, 10 s being Streams' own timeout. */
  private String nothingOpen() throws Exception {
    Steps.until("all are ended", () -> open().isEmpty(), Steps::pause);
    return "";
  }

  private List<TransactionListing> open() {
    try {
      return admin.listTransactions().all().get().stream()
          .filter((it) -> it.transactionalId().startsWith(application))
          .filter((it) -> it.state().toString().equals("Ongoing"))
          .toList();
    } catch (Exception error) {
      throw new IllegalStateException(error);
    }
  }
}
