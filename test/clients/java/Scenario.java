// The scenario of ../README.md with Kafka's own Java clients, of 3.9 and of 4.x.
//
//   java Scenario.java <bootstrap> <prefix of names> <newer: "yes" where the newer group protocol is>

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public final class Scenario {
  /** 2023-11-14T22:13:20Z: the time of record 0. Each record is a second after the one before. */
  private static final long START_MS = 1_700_000_000_000L;

  /** Records that are produced with each codec. */
  private static final int PER_CODEC = 20;

  private static final List<String> CODECS = List.of("none", "gzip", "snappy", "lz4", "zstd");
  private static final int TOTAL = CODECS.size() * PER_CODEC;
  private static final Duration DEADLINE = Duration.ofSeconds(60);

  private final String bootstrap;
  private final String prefix;
  private final String data;
  private final String group;
  private final String newer;
  private final String idempotent;
  private final Admin admin;

  private Scenario(String bootstrap, String prefix) {
    this.bootstrap = bootstrap;
    this.prefix = prefix;
    data = prefix + "-data";
    group = prefix + "-group";
    newer = prefix + "-newer";
    idempotent = prefix + "-idempotent";
    admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
  }

  public static void main(String[] args) throws Exception {
    Scenario scenario = new Scenario(args[0], args[1]);
    step("create topics", scenario::createTopics);
    step("produce", scenario::produce);
    step("consume by assignment", scenario::consumeByAssignment);
    step("seek by time", scenario::seekByTime);
    step("group with a rebalance", scenario::groupWithRebalance);
    if (args[2].equals("yes")) {
      step("newer group protocol", () -> {
        return scenario.rebalance(scenario.newer, Map.of("group.protocol", "consumer"));
      });
    }
    step("commit and resume", scenario::commitAndResume);
    step("describe groups", scenario::describeGroups);
    step("delete records", scenario::deleteRecords);
    step("alter configs", scenario::alterConfigs);
    step("idempotent producer", scenario::idempotentProducer);
    step("delete topics", scenario::deleteTopics);
    scenario.admin.close();
  }

  private interface Action {
    String run() throws Exception;
  }

  /** Does one step and prints how it ended, as a line of JSON. */
  private static void step(String name, Action action) throws Exception {
    String result = "passed";
    String detail;
    try {
      detail = action.run();
    } catch (ExecutionException error) {
      result = "failed";
      detail = String.valueOf(error.getCause());
    } catch (Exception error) {
      result = "failed";
      detail = String.valueOf(error);
    }
    Map<String, String> told = Map.of("step", name, "result", result, "detail", detail);
    System.out.println(new ObjectMapper().writeValueAsString(told));
  }

  private static void same(String what, Object found, Object expected) {
    if (Objects.equals(found, expected)) return;
    throw new IllegalStateException(what + ": found " + found + ", expected " + expected);
  }

  private static void until(String what, BooleanSupplier isTrue, Runnable then) {
    long end = System.nanoTime() + DEADLINE.toNanos();
    while (!isTrue.getAsBoolean()) {
      if (System.nanoTime() > end) throw new IllegalStateException("waited too long: " + what);
      then.run();
    }
  }

  /** Record n as text that tells null, empty and other bytes apart. */
  private static String plain(int n) {
    return plain(n, START_MS + n * 1000L, key(n), value(n), headers(n));
  }

  private static String plain(long offset, long time, byte[] key, byte[] value, Iterable<Header> headers) {
    List<String> pairs = new ArrayList<>();
    for (Header header : headers) pairs.add(header.key() + "=" + text(header.value()));
    return offset + " " + time + " " + text(key) + " " + text(value) + " " + pairs;
  }

  private static String text(byte[] bytes) {
    return bytes == null ? "null" : '"' + new String(bytes, StandardCharsets.UTF_8) + '"';
  }

  private static byte[] key(int n) {
    return n % 4 == 0 ? null : utf8(n % 4 == 1 ? "" : "key-" + n);
  }

  private static byte[] value(int n) {
    if (n % 5 == 3 && n % 4 != 0) return null;
    return utf8(n % 5 == 4 ? "" : ("value " + n + " ключ漢🎉 ").repeat(1 + n % 7));
  }

  private static List<Header> headers(int n) {
    if (n % 3 != 0) return List.of();
    return List.of(
        new RecordHeader("trace", utf8("id-" + n)),
        new RecordHeader("empty", new byte[0]),
        new RecordHeader("null", null));
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static List<String> plains(int from, int to) {
    List<String> plains = new ArrayList<>();
    for (int n = from; n < to; n++) plains.add(plain(n));
    return plains;
  }

  private KafkaProducer<byte[], byte[]> producer(Map<String, Object> options) {
    Map<String, Object> all = new HashMap<>(options);
    all.put("bootstrap.servers", bootstrap);
    ByteArraySerializer bytes = new ByteArraySerializer();
    return new KafkaProducer<>(all, bytes, bytes);
  }

  private KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> options) {
    Map<String, Object> all = new HashMap<>();
    all.put("enable.auto.commit", false);
    all.put("auto.offset.reset", "earliest");
    all.put("fetch.max.wait.ms", 200);
    all.putAll(options);
    all.put("bootstrap.servers", bootstrap);
    ByteArrayDeserializer bytes = new ByteArrayDeserializer();
    return new KafkaConsumer<>(all, bytes, bytes);
  }

  private String createTopics() throws Exception {
    Map<String, String> kept = Map.of("retention.ms", "-1");
    NewTopic first = new NewTopic(data, 1, (short) 1).configs(kept);
    admin.createTopics(List.of(
        first,
        new NewTopic(idempotent, Optional.of(1), Optional.empty()).configs(kept),
        new NewTopic(group, 4, (short) 1),
        new NewTopic(newer, 4, (short) 1))).all().get();
    var found = admin.describeTopics(List.of(data, group)).allTopicNames().get();
    same("partitions of " + data, found.get(data).partitions().size(), 1);
    same("partitions of " + group, found.get(group).partitions().size(), 4);
    refused(TopicExistsException.class, admin.createTopics(List.of(first)).all());
    return "";
  }

  private static void refused(Class<? extends Exception> why, Future<?> answer) throws Exception {
    try {
      answer.get();
    } catch (ExecutionException error) {
      same("the error", error.getCause().getClass(), why);
      return;
    }
    throw new IllegalStateException("it was not refused");
  }

  private String produce() throws Exception {
    for (int at = 0; at < CODECS.size(); at++) {
      Map<String, Object> options =
          Map.of("compression.type", CODECS.get(at), "enable.idempotence", false, "linger.ms", 20);
      send(data, at * PER_CODEC, (at + 1) * PER_CODEC, options);
    }
    return String.join(" ", CODECS);
  }

  private void send(String topic, int from, int to, Map<String, Object> options) throws Exception {
    try (KafkaProducer<byte[], byte[]> producer = producer(options)) {
      List<Future<RecordMetadata>> answers = new ArrayList<>();
      for (int n = from; n < to; n++) {
        long time = START_MS + n * 1000L;
        answers.add(producer.send(
            new ProducerRecord<>(topic, 0, time, key(n), value(n), headers(n))));
      }
      for (int n = from; n < to; n++) same("offset", answers.get(n - from).get().offset(), (long) n);
    }
  }

  /** Polls until it has `count` records. */
  private static List<String> read(KafkaConsumer<byte[], byte[]> consumer, int count) {
    List<String> found = new ArrayList<>();
    until(count + " records", () -> found.size() >= count, () -> {
      for (ConsumerRecord<byte[], byte[]> it : consumer.poll(Duration.ofMillis(200))) {
        found.add(plain(it.offset(), it.timestamp(), it.key(), it.value(), it.headers()));
      }
    });
    return found;
  }

  private String consumeByAssignment() {
    TopicPartition partition = new TopicPartition(data, 0);
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of("check.crcs", true))) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      same("all", read(consumer, TOTAL), plains(0, TOTAL));
      same("end", consumer.endOffsets(List.of(partition)), Map.of(partition, (long) TOTAL));
      consumer.seek(partition, 40);
      same("from offset 40", read(consumer, TOTAL - 40), plains(40, TOTAL));
    }
    return "";
  }

  private String seekByTime() {
    TopicPartition partition = new TopicPartition(data, 0);
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of())) {
      Map<TopicPartition, Long> asked = Map.of(partition, START_MS + 30_000 - 500);
      OffsetAndTimestamp found = consumer.offsetsForTimes(asked).get(partition);
      same("offset at the time", found.offset(), 30L);
      same("its time", found.timestamp(), START_MS + 30_000);
      consumer.assign(List.of(partition));
      consumer.seek(partition, found.offset());
      same("from the time", read(consumer, TOTAL - 30), plains(30, TOTAL));
    }
    return "";
  }

  private String groupWithRebalance() throws Exception {
    Map<String, Object> times = Map.of("session.timeout.ms", 10_000, "heartbeat.interval.ms", 300);
    Map<String, Object> eager = new HashMap<>(times);
    eager.put("partition.assignment.strategy", RangeAssignor.class.getName());
    rebalance(group, eager);
    Map<String, Object> cooperative = new HashMap<>(times);
    cooperative.put("partition.assignment.strategy", CooperativeStickyAssignor.class.getName());
    String topic = group + "-cooperative";
    admin.createTopics(List.of(new NewTopic(topic, 4, (short) 1))).all().get();
    rebalance(topic, cooperative);
    admin.deleteTopics(List.of(topic)).all().get();
    return "range, cooperative-sticky";
  }

  /** One consumer of a group that shares a topic. */
  private final class Member {
    final List<String> values = new ArrayList<>();
    final KafkaConsumer<byte[], byte[]> consumer;

    Member(String topic, Map<String, Object> options) {
      Map<String, Object> all = new HashMap<>(options);
      all.put("group.id", topic + "-members");
      consumer = consumer(all);
      consumer.subscribe(List.of(topic));
    }

    void poll() {
      ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(50));
      for (ConsumerRecord<byte[], byte[]> record : records) {
        values.add(new String(record.value(), StandardCharsets.UTF_8));
      }
      // A commit of one that has just lost its partitions would only be refused.
      if (!records.isEmpty()) consumer.commitSync();
    }

    int owns() {
      return consumer.assignment().size();
    }
  }

  private String rebalance(String topic, Map<String, Object> options) throws Exception {
    sendRound(topic, 0);
    List<Member> members = new ArrayList<>();
    Runnable poll = () -> members.forEach(Member::poll);
    Member first = new Member(topic, options);
    members.add(first);
    until("the first member has all", () -> first.owns() == 4, poll);
    until("the first round is read", () -> first.values.size() == 40, poll);
    Member second = new Member(topic, options);
    members.add(second);
    until("both have two", () -> first.owns() == 2 && second.owns() == 2, poll);
    sendRound(topic, 1);
    Supplier<Set<String>> read = () -> {
      Set<String> values = new TreeSet<>(first.values);
      values.addAll(second.values);
      return values;
    };
    until("the second round is read", () -> read.get().size() == 80, poll);
    long shared = second.values.stream().filter(value -> value.startsWith("round 1 ")).count();
    same("the second member read", shared, 20L);
    members.remove(second);
    second.consumer.close();
    until("the first member has all again", () -> first.owns() == 4, poll);
    sendRound(topic, 2);
    until("the third round is read", () -> read.get().size() == 120, poll);
    first.consumer.close();
    Set<String> sent = new TreeSet<>();
    for (int round = 0; round < 3; round++) sent.addAll(roundOfGroup(round));
    same("each value", read.get(), sent);
    int again = first.values.size() + second.values.size() - sent.size();
    return again == 0 ? "" : again + " read again";
  }

  /** Ten values for each of four partitions: value n is for partition n % 4. */
  private static List<String> roundOfGroup(int round) {
    List<String> values = new ArrayList<>();
    for (int n = 0; n < 40; n++) values.add("round %d record %02d".formatted(round, n));
    return values;
  }

  private void sendRound(String topic, int round) throws Exception {
    try (KafkaProducer<byte[], byte[]> producer = producer(Map.of("enable.idempotence", false))) {
      List<String> values = roundOfGroup(round);
      List<Future<RecordMetadata>> answers = new ArrayList<>();
      for (int n = 0; n < values.size(); n++) {
        answers.add(producer.send(new ProducerRecord<>(topic, n % 4, null, utf8(values.get(n)))));
      }
      for (Future<RecordMetadata> answer : answers) answer.get();
    }
  }

  private String commitAndResume() {
    String name = prefix + "-resume";
    TopicPartition partition = new TopicPartition(data, 0);
    try (KafkaConsumer<byte[], byte[]> consumer =
        consumer(Map.of("group.id", name, "max.poll.records", 25))) {
      consumer.subscribe(List.of(data));
      same("first", read(consumer, 25), plains(0, 25));
      consumer.commitSync(Map.of(partition, new OffsetAndMetadata(25, "a note")));
      OffsetAndMetadata committed = consumer.committed(Set.of(partition)).get(partition);
      same("committed offset", committed.offset(), 25L);
      same("its note", committed.metadata(), "a note");
    }
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of("group.id", name))) {
      consumer.subscribe(List.of(data));
      same("after it", read(consumer, TOTAL - 25), plains(25, TOTAL));
    }
    return "";
  }

  private String describeGroups() throws Exception {
    String name = prefix + "-resume";
    same("listed", isListed(name), true);
    var described = admin.describeConsumerGroups(List.of(name)).all().get().get(name);
    same("members", described.members().size(), 0);
    var offsets = admin.listConsumerGroupOffsets(name).partitionsToOffsetAndMetadata().get();
    same("offset", offsets.get(new TopicPartition(data, 0)).offset(), 25L);
    admin.deleteConsumerGroups(List.of(name)).all().get();
    same("left", isListed(name), false);
    return "";
  }

  @SuppressWarnings("deprecation")
  private boolean isListed(String name) throws Exception {
    return admin.listConsumerGroups().all().get().stream().anyMatch(it -> it.groupId().equals(name));
  }

  private String deleteRecords() throws Exception {
    TopicPartition partition = new TopicPartition(data, 0);
    var deleted = admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(10)));
    same("low watermark", deleted.lowWatermarks().get(partition).get().lowWatermark(), 10L);
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of())) {
      same("beginning", consumer.beginningOffsets(List.of(partition)), Map.of(partition, 10L));
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      same("left", read(consumer, TOTAL - 10), plains(10, TOTAL));
    }
    return "";
  }

  private String alterConfigs() throws Exception {
    ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, group);
    String name = "max.message.bytes";
    alter(topic, name, "123456", AlterConfigOp.OpType.SET).get();
    Config found = admin.describeConfigs(List.of(topic)).all().get().get(topic);
    same(name, found.get(name).value(), "123456");
    same("its source", found.get(name).source(), ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG);
    refused(InvalidConfigurationException.class, alter(topic, name, "many", AlterConfigOp.OpType.SET));
    alter(topic, name, null, AlterConfigOp.OpType.DELETE).get();
    found = admin.describeConfigs(List.of(topic)).all().get().get(topic);
    same("its default", found.get(name).value(), "1048588");
    return "";
  }

  private Future<Void> alter(ConfigResource topic, String name, String value, AlterConfigOp.OpType how) {
    AlterConfigOp operation = new AlterConfigOp(new ConfigEntry(name, value), how);
    return admin.incrementalAlterConfigs(Map.of(topic, List.of(operation))).all();
  }

  private String idempotentProducer() throws Exception {
    // Small batches, five requests on their way.
    send(idempotent, 0, 30, Map.of("enable.idempotence", true, "batch.size", 200, "acks", "all"));
    TopicPartition partition = new TopicPartition(idempotent, 0);
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of("isolation.level", "read_committed"))) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      same("all", read(consumer, 30), plains(0, 30));
    }
    return "";
  }

  private String deleteTopics() throws Exception {
    Collection<String> names = Arrays.asList(data, group, newer, idempotent);
    admin.deleteTopics(names).all().get();
    until("the topics are gone", () -> {
      try {
        Set<String> left = new HashSet<>(admin.listTopics().names().get());
        left.retainAll(names);
        return left.isEmpty();
      } catch (Exception error) {
        throw new IllegalStateException(error);
      }
    }, () -> { });
    return "";
  }
}
