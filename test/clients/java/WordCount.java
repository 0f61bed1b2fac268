// Kafka Streams counts words: lines come in, a repartition topic and a changelog topic lie between,
// counts go out. Then the same from where it stopped, with nothing left of its local state.
//
//   java WordCount.java <bootstrap> <prefix of names> <directory for its state>

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;

public final class WordCount {
  private static final int PARTITIONS = 2;
  private static final Duration DEADLINE = Duration.ofSeconds(120);

  private final String bootstrap;
  private final String application;
  private final String lines;
  private final String counts;
  private final Path state;
  private final Admin admin;
  private final Map<String, Long> expected = new TreeMap<>();

  private WordCount(String bootstrap, String prefix, Path state) {
    this.bootstrap = bootstrap;
    this.state = state;
    application = prefix + "-count";
    lines = prefix + "-lines";
    counts = prefix + "-counts";
    admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
  }

  public static void main(String[] args) throws Exception {
    WordCount count = new WordCount(args[0], args[1], Path.of(args[2]));
    count.createTopics();
    step("word count", () -> count.run(0));
    step("internal topics", count::internalTopics);
    step("restored from the changelog", () -> {
      count.removeState();
      count.run(1);
    });
    step("purged repartition topic", count::purged);
    count.deleteTopics();
    System.exit(0);
  }

  private interface Action {
    void run() throws Exception;
  }

  /** Does one step and prints how it ended, as a line of JSON. */
  private static void step(String name, Action action) {
    String result = "passed";
    String detail = "";
    try {
      action.run();
    } catch (Exception error) {
      result = "failed";
      detail = String.valueOf(error).replaceAll("[\"\\\\\n]", "'");
    }
    String line = "{\"step\":\"%s\",\"result\":\"%s\",\"detail\":\"%s\"}";
    System.out.println(line.formatted(name, result, detail));
  }

  private static void same(String what, Object found, Object wanted) {
    if (found.equals(wanted)) return;
    throw new IllegalStateException(what + ": found " + found + ", expected " + wanted);
  }

  private void createTopics() throws Exception {
    NewTopic in = new NewTopic(lines, PARTITIONS, (short) 1);
    NewTopic out = new NewTopic(counts, PARTITIONS, (short) 1);
    admin.createTopics(List.of(in, out)).all().get();
  }

  private Topology topology() {
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(lines, Consumed.with(Serdes.String(), Serdes.String()))
        .flatMapValues(line -> Arrays.asList(line.split(" ")))
        .groupBy((key, word) -> word, Grouped.with("by-word", Serdes.String(), Serdes.String()))
        .count(Materialized.as("words"))
        .toStream()
        .to(counts, Produced.with(Serdes.String(), Serdes.Long()));
    return builder.build();
  }

  private Properties settings() {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("application.id", application);
    settings.put("state.dir", state.toString());
    settings.put("processing.guarantee", "at_least_once");
    settings.put("commit.interval.ms", 200);
    settings.put("repartition.purge.interval.ms", 200);
    settings.put("num.stream.threads", 2);
    settings.put("auto.offset.reset", "earliest");
    settings.put("default.key.serde", Serdes.String().getClass().getName());
    settings.put("default.value.serde", Serdes.String().getClass().getName());
    return settings;
  }

  /** Sends 200 lines, and waits until the counts are those of all lines that were sent so far. */
  private void run(int round) throws Exception {
    try (KafkaStreams streams = new KafkaStreams(topology(), settings())) {
      streams.start();
      sendLines(round);
      awaitCounts();
      // Until what was counted is committed and purged.
      Thread.sleep(1_000);
    }
  }

  private void sendLines(int round) throws Exception {
    StringSerializer text = new StringSerializer();
    Map<String, Object> options = Map.of("bootstrap.servers", bootstrap, "compression.type", "lz4");
    try (KafkaProducer<String, String> producer = new KafkaProducer<>(options, text, text)) {
      List<Future<?>> answers = new ArrayList<>();
      for (int n = 0; n < 200; n++) {
        String line = "every word-%d слово-%d round-%d".formatted(n % 7, n % 11, round);
        for (String word : line.split(" ")) expected.merge(word, 1L, Long::sum);
        answers.add(producer.send(new ProducerRecord<>(lines, n % PARTITIONS, null, line)));
      }
      for (Future<?> answer : answers) answer.get();
    }
  }

  private void awaitCounts() {
    Map<String, Object> options = Map.of("bootstrap.servers", bootstrap, "auto.offset.reset", "earliest");
    Map<String, Long> found = new TreeMap<>();
    try (KafkaConsumer<String, Long> consumer =
        new KafkaConsumer<>(options, new StringDeserializer(), new LongDeserializer())) {
      List<TopicPartition> partitions = new ArrayList<>();
      for (int n = 0; n < PARTITIONS; n++) partitions.add(new TopicPartition(counts, n));
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      long end = System.nanoTime() + DEADLINE.toNanos();
      while (!found.equals(expected) && System.nanoTime() < end) {
        for (ConsumerRecord<String, Long> record : consumer.poll(Duration.ofMillis(200))) {
          found.put(record.key(), record.value());
        }
      }
    }
    same("counts", found, expected);
  }

  private String repartition() {
    return application + "-by-word-repartition";
  }

  private String changelog() {
    return application + "-words-changelog";
  }

  private void internalTopics() throws Exception {
    var described = admin.describeTopics(List.of(repartition(), changelog())).allTopicNames().get();
    same("partitions", described.get(repartition()).partitions().size(), PARTITIONS);
    ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, changelog());
    var configs = admin.describeConfigs(List.of(topic)).all().get().get(topic);
    same("cleanup.policy", configs.get("cleanup.policy").value(), "compact");
  }

  /** Streams deletes records of the repartition topic that all have read. */
  private void purged() throws Exception {
    long deleted = 0;
    for (int n = 0; n < PARTITIONS; n++) {
      TopicPartition partition = new TopicPartition(repartition(), n);
      Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
      asked.put(partition, OffsetSpec.earliest());
      deleted += admin.listOffsets(asked).all().get().get(partition).offset();
    }
    if (deleted == 0) throw new IllegalStateException("no record was deleted");
  }

  private void removeState() throws Exception {
    try (Stream<Path> files = Files.walk(state)) {
      for (Path path : files.sorted(Comparator.reverseOrder()).toList()) Files.delete(path);
    }
  }

  private void deleteTopics() throws Exception {
    admin.deleteTopics(List.of(lines, counts, repartition(), changelog())).all().get();
  }
}
