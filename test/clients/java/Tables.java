// Compacted topics as tables: a KTable and a GlobalKTable of Kafka Streams, before and after the topic was
// compacted.
//
//   java Tables <bootstrap> <prefix of names> <directory for their state>

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.GlobalKTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;

public final class Tables {
  private static final int USERS = 50;
  private static final int ROUNDS = 20;

  private final String bootstrap;
  private final String prefix;
  private final String users;
  private final String orders;
  private final String enriched;
  private final Path state;
  private final Admin admin;
  /** What the table has to be. */
  private final Map<String, String> expected = new TreeMap<>();
  private int written = 0;
  private int ordered = 0;

  private Tables(String bootstrap, String prefix, Path state) {
    this.bootstrap = bootstrap;
    this.prefix = prefix;
    this.state = state;
    users = prefix + "-users";
    orders = prefix + "-orders";
    enriched = prefix + "-enriched";
    admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
  }

  public static void main(String[] args) throws Exception {
    Tables it = new Tables(args[0], args[1], Path.of(args[2]));
    it.createTopics();
    Steps.step("a record without a key is refused", it::withoutKey);
    Steps.step("KTable of a compacted topic", it::table);
    Steps.step("GlobalKTable joined with a stream", it::joined);
    Steps.step("the same when it is compacted", it::compacted);
    System.exit(0);
  }

  private void createTopics() throws Exception {
    // The smallest segments that Kafka allows, cleaned as soon as they are closed.
    Map<String, String> configs = Map.of(
        "cleanup.policy", "compact", "segment.bytes", "1048576", "min.cleanable.dirty.ratio", "0.01",
        "delete.retention.ms", "100");
    admin.createTopics(List.of(
        new NewTopic(users, 1, (short) 1).configs(configs),
        new NewTopic(orders, 1, (short) 1),
        new NewTopic(enriched, 1, (short) 1))).all().get();
  }

  private KafkaProducer<String, String> producer() {
    StringSerializer text = new StringSerializer();
    return new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap), text, text);
  }

  private String withoutKey() throws Exception {
    try (KafkaProducer<String, String> producer = producer()) {
      String told = Steps.refusal(() -> producer.send(new ProducerRecord<>(users, null, "x")).get());
      Steps.same("the error", told, "InvalidRecord");
    }
    return "";
  }

  /** Updates of all users, and some of them deleted for good. */
  private void writeUsers() throws Exception {
    try (KafkaProducer<String, String> producer = producer()) {
      List<Future<?>> answers = new ArrayList<>();
      for (int round = 0; round < ROUNDS; round++) {
        for (int n = 0; n < USERS; n++) {
          String user = "user-" + n;
          boolean isGone = n % 10 == 3 && round == ROUNDS - 1;
          String value = isGone ? null : "name %d %s".formatted(written, "é".repeat(1_000));
          written++;
          if (isGone) expected.remove(user);
          else expected.put(user, value);
          answers.add(producer.send(new ProducerRecord<>(users, user, value)));
        }
      }
      for (Future<?> answer : answers) answer.get();
    }
  }

  private Properties settings(String name) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("application.id", prefix + "-" + name);
    settings.put("state.dir", state.resolve(name).toString());
    settings.put("commit.interval.ms", 200);
    settings.put("auto.offset.reset", "earliest");
    settings.put("processing.guarantee", "exactly_once_v2");
    settings.put("default.key.serde", Serdes.String().getClass().getName());
    settings.put("default.value.serde", Serdes.String().getClass().getName());
    return settings;
  }

  private static Materialized<String, String, KeyValueStore<Bytes, byte[]>> stored() {
    return Materialized.<String, String, KeyValueStore<Bytes, byte[]>>as("users")
        .withKeySerde(Serdes.String()).withValueSerde(Serdes.String());
  }

  private void awaitTable(KafkaStreams streams) {
    Map<String, String> found = new TreeMap<>();
    Steps.until("the table is as expected", () -> found.equals(expected), () -> {
      Steps.pause();
      if (streams.state() != KafkaStreams.State.RUNNING) return;
      ReadOnlyKeyValueStore<String, String> store = streams.store(
          StoreQueryParameters.fromNameAndType("users", QueryableStoreTypes.keyValueStore()));
      found.clear();
      try (var all = store.all()) {
        all.forEachRemaining((it) -> found.put(it.key, it.value));
      }
    });
  }

  private String table() throws Exception {
    writeUsers();
    readTable("table");
    return "";
  }

  /** By an application that has no state yet. */
  private void readTable(String name) throws Exception {
    StreamsBuilder builder = new StreamsBuilder();
    builder.table(users, stored());
    try (KafkaStreams streams = new KafkaStreams(builder.build(), settings(name))) {
      streams.start();
      awaitTable(streams);
    }
  }

  private String joined() throws Exception {
    join("joined");
    return "";
  }

  private void join(String name) throws Exception {
    StreamsBuilder builder = new StreamsBuilder();
    GlobalKTable<String, String> table = builder.globalTable(users, stored());
    builder.stream(orders, Consumed.with(Serdes.String(), Serdes.String()))
        .join(table, (order, user) -> user, (order, user) -> order + " of " + user)
        .to(enriched, Produced.with(Serdes.String(), Serdes.String()));
    int from = ordered;
    List<String> wanted = new ArrayList<>();
    try (KafkaStreams streams = new KafkaStreams(builder.build(), settings("joined"))) {
      streams.start();
      awaitTable(streams);
      try (KafkaProducer<String, String> producer = producer()) {
        for (int n = 0; n < USERS; n++) {
          String user = "user-" + n;
          String order = "order-" + ordered++;
          producer.send(new ProducerRecord<>(orders, order, user));
          if (expected.containsKey(user)) wanted.add(user + " of " + expected.get(user));
        }
      }
      // Orders of users that are deleted have no partner.
      int skipped = from == 0 ? 0 : wanted.size();
      List<String> found = new ArrayList<>();
      try (KafkaConsumer<String, String> consumer = consumer(enriched)) {
        Steps.until("all orders", () -> found.size() >= skipped + wanted.size(), () -> {
          consumer.poll(Duration.ofMillis(100)).forEach((it) -> found.add(it.value()));
        });
      }
      Steps.same(name, found.subList(skipped, found.size()), wanted);
    }
  }

  private KafkaConsumer<String, String> consumer(String topic) {
    StringDeserializer text = new StringDeserializer();
    KafkaConsumer<String, String> consumer = new KafkaConsumer<>(
        Map.of("bootstrap.servers", bootstrap, "isolation.level", "read_committed"), text, text);
    TopicPartition partition = new TopicPartition(topic, 0);
    consumer.assign(List.of(partition));
    consumer.seekToBeginning(List.of(partition));
    return consumer;
  }

  private String compacted() throws Exception {
    writeUsers();
    // The closed segments keep one record a user; what is left besides is in the active one.
    Steps.until("it is compacted", () -> recordsOf(users) < written / 2, Steps::pause);
    readTable("table-again");
    join("joined, compacted");
    return "";
  }

  private int recordsOf(String topic) {
    TopicPartition partition = new TopicPartition(topic, 0);
    int count = 0;
    try (KafkaConsumer<String, String> consumer = consumer(topic)) {
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      while (consumer.position(partition) < end) count += consumer.poll(Duration.ofMillis(100)).count();
    }
    return count;
  }
}
