// Transactions of ../README.md with Kafka's own Java clients, of 3.9 and of 4.x.
//
//   java Transactions <bootstrap> <prefix of names>

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.AbortTransactionSpec;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public final class Transactions {
  private static final int COPIED = 200;
  private static final int COPY_PARTITIONS = 4;

  private final String bootstrap;
  private final String prefix;
  private final Admin admin;

  private Transactions(String bootstrap, String prefix) {
    this.bootstrap = bootstrap;
    this.prefix = prefix;
    admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
  }

  public static void main(String[] args) throws Exception {
    Transactions it = new Transactions(args[0], args[1]);
    Steps.step("transaction commit", it::commit);
    Steps.step("transaction abort", it::abort);
    Steps.step("offsets in a transaction", it::offsets);
    Steps.step("fencing", it::fencing);
    Steps.step("transaction timeout", it::timeout);
    Steps.step("interleaved transactions", it::interleaved);
    Steps.step("copy with a rebalance", it::copy);
    Steps.step("list and describe transactions", it::describe);
    Steps.step("fence and abort by admin", it::administer);
    it.admin.close();
  }

  /** What a topic of one partition shows at an isolation level, and where that ends. */
  private record View(List<String> values, long end) {}

  private String topic(String name, int partitions) throws Exception {
    String topic = prefix + "-" + name;
    admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1))).all().get();
    return topic;
  }

  private KafkaProducer<String, String> producer(String id, Map<String, Object> options) {
    Map<String, Object> all = new HashMap<>(options);
    all.put("bootstrap.servers", bootstrap);
    all.put("transactional.id", prefix + "-" + id);
    StringSerializer text = new StringSerializer();
    KafkaProducer<String, String> producer = new KafkaProducer<>(all, text, text);
    producer.initTransactions();
    return producer;
  }

  private KafkaProducer<String, String> producer(String id) {
    return producer(id, Map.of());
  }

  private KafkaConsumer<String, String> consumer(Map<String, Object> options) {
    Map<String, Object> all = new HashMap<>();
    all.put("enable.auto.commit", false);
    all.put("auto.offset.reset", "earliest");
    all.put("fetch.max.wait.ms", 100);
    all.put("heartbeat.interval.ms", 300);
    all.put("isolation.level", "read_committed");
    all.putAll(options);
    all.put("bootstrap.servers", bootstrap);
    StringDeserializer text = new StringDeserializer();
    return new KafkaConsumer<>(all, text, text);
  }

  private static ProducerRecord<String, String> record(String topic, int partition, String value) {
    return new ProducerRecord<>(topic, partition, null, value);
  }

  private static void send(KafkaProducer<String, String> producer, String topic, String... values)
      throws Exception {
    List<Future<?>> answers = new ArrayList<>();
    for (String value : values) answers.add(producer.send(record(topic, 0, value)));
    producer.flush();
    for (Future<?> answer : answers) answer.get();
  }

  private View committed(String topic) {
    return view(topic, "read_committed");
  }

  /** Kafka answers the end of a transaction before its markers are there: they are waited for. */
  private View committed(String topic, long end) {
    TopicPartition partition = new TopicPartition(topic, 0);
    try (KafkaConsumer<String, String> consumer = consumer(Map.of())) {
      Steps.until("its end is " + end,
          () -> consumer.endOffsets(List.of(partition)).get(partition) >= end, Steps::pause);
    }
    return committed(topic);
  }

  private View uncommitted(String topic) {
    return view(topic, "read_uncommitted");
  }

  /** Reads until the position is at the end, which is what an isolation level says it is. */
  private View view(String topic, String isolation) {
    TopicPartition partition = new TopicPartition(topic, 0);
    List<String> values = new ArrayList<>();
    try (KafkaConsumer<String, String> consumer = consumer(Map.of("isolation.level", isolation))) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      Steps.until("the end of " + topic, () -> consumer.position(partition) >= end, () -> {
        for (ConsumerRecord<String, String> it : consumer.poll(Duration.ofMillis(100))) {
          values.add(it.value());
        }
      });
      return new View(values, end);
    }
  }

  private String commit() throws Exception {
    String first = topic("commit-1", 1);
    String second = topic("commit-2", 1);
    try (KafkaProducer<String, String> producer = producer("commit")) {
      producer.beginTransaction();
      send(producer, first, "a", "b", "c");
      send(producer, second, "d");
      Steps.same("open, uncommitted", uncommitted(first), new View(List.of("a", "b", "c"), 3));
      Steps.same("open, committed", committed(first), new View(List.of(), 0));
      producer.commitTransaction();
      Steps.same("committed", committed(first, 4), new View(List.of("a", "b", "c"), 4));
      Steps.same("committed, second topic", committed(second, 2), new View(List.of("d"), 2));
      producer.beginTransaction();
      producer.commitTransaction();
      producer.beginTransaction();
      producer.abortTransaction();
      Steps.same("after empty ones", committed(first).end(), 4L);
      for (int n = 0; n < 20; n++) {
        producer.beginTransaction();
        producer.send(record(second, 0, "n" + n));
        producer.commitTransaction();
      }
      Steps.same("after 20 more", committed(second, 42).end(), 42L);
      Steps.same("values", committed(second).values().size(), 21);
    }
    return "";
  }

  private String abort() throws Exception {
    String topic = topic("abort", 1);
    try (KafkaProducer<String, String> producer = producer("abort")) {
      producer.beginTransaction();
      send(producer, topic, "a", "b");
      producer.abortTransaction();
      producer.beginTransaction();
      send(producer, topic, "c");
      producer.commitTransaction();
      producer.beginTransaction();
      send(producer, topic, "d", "e");
      producer.abortTransaction();
      Steps.same("committed", committed(topic, 8), new View(List.of("c"), 8));
      View all = uncommitted(topic);
      Steps.same("uncommitted", all, new View(List.of("a", "b", "c", "d", "e"), 8));
      // What was never sent is dropped by the client.
      producer.beginTransaction();
      producer.send(record(topic, 0, "f"));
      producer.abortTransaction();
      producer.beginTransaction();
      send(producer, topic, "g");
      producer.commitTransaction();
      Steps.until("in the end", () -> committed(topic).values().equals(List.of("c", "g")), Steps::pause);
    }
    return "";
  }

  private String offsets() throws Exception {
    String in = topic("offsets-in", 1);
    String out = topic("offsets-out", 1);
    String group = prefix + "-offsets";
    TopicPartition partition = new TopicPartition(in, 0);
    List<String> told = new ArrayList<>();
    try (KafkaProducer<String, String> producer = producer("offsets");
        KafkaConsumer<String, String> consumer = consumer(Map.of("group.id", group))) {
      producer.beginTransaction();
      send(producer, in, "a", "b", "c", "d", "e");
      producer.commitTransaction();
      consumer.subscribe(List.of(in));
      List<String> values = new ArrayList<>();
      Steps.until("five records", () -> values.size() == 5, () -> {
        consumer.poll(Duration.ofMillis(100)).forEach((it) -> values.add(it.value()));
      });
      producer.beginTransaction();
      send(producer, out, "x");
      producer.sendOffsetsToTransaction(at(partition, 2), consumer.groupMetadata());
      producer.abortTransaction();
      Steps.same("after an abort", committedOffset(group, partition, true), null);
      producer.beginTransaction();
      send(producer, out, "y");
      producer.sendOffsetsToTransaction(at(partition, 4), consumer.groupMetadata());
      Steps.same("while it is open", committedOffset(group, partition, false), null);
      told.add("a consumer: " + Steps.refusal(() -> {
        consumer.committed(Set.of(partition), Duration.ofMillis(1_000));
      }));
      producer.commitTransaction();
      Steps.same("the output", committed(out, 4).values(), List.of("y"));
      Steps.until("the offset is there",
          () -> Long.valueOf(4).equals(committedOffset(group, partition, true)), Steps::pause);
      producer.beginTransaction();
      ConsumerGroupMetadata stale =
          new ConsumerGroupMetadata(group, 1_000, consumer.groupMetadata().memberId(), Optional.empty());
      send(producer, out, "z");
      told.add("stale: " + Steps.refusal(() -> {
        producer.sendOffsetsToTransaction(at(partition, 5), stale);
        producer.commitTransaction();
      }));
      producer.abortTransaction();
      ConsumerGroupMetadata unknown =
          new ConsumerGroupMetadata(group, 1, "nobody", Optional.empty());
      producer.beginTransaction();
      told.add("unknown: " + Steps.refusal(() -> {
        producer.sendOffsetsToTransaction(at(partition, 5), unknown);
        producer.commitTransaction();
      }));
      producer.abortTransaction();
      Steps.same("in the end", committedOffset(group, partition, true), 4L);
    }
    return String.join(", ", told);
  }

  private static Map<TopicPartition, OffsetAndMetadata> at(TopicPartition partition, long offset) {
    return Map.of(partition, new OffsetAndMetadata(offset, "of a transaction"));
  }

  private Long committedOffset(String group, TopicPartition partition, boolean stable) {
    var options = new ListConsumerGroupOffsetsOptions().requireStable(stable);
    try {
      var offsets = admin.listConsumerGroupOffsets(group, options).partitionsToOffsetAndMetadata().get();
      OffsetAndMetadata found = offsets.get(partition);
      return found == null ? null : found.offset();
    } catch (InterruptedException | ExecutionException error) {
      throw new IllegalStateException(error);
    }
  }

  private String fencing() throws Exception {
    String topic = topic("fencing", 1);
    List<String> told = new ArrayList<>();
    try (KafkaProducer<String, String> zombie = producer("fencing");
        KafkaProducer<String, String> idle = producer("fencing-idle")) {
      zombie.beginTransaction();
      send(zombie, topic, "a");
      try (KafkaProducer<String, String> next = producer("fencing")) {
        Steps.same("aborted by the next", committed(topic), new View(List.of(), 2));
        told.add("send: " + Steps.refusal(() -> zombie.send(record(topic, 0, "b")).get()));
        told.add("commit: " + Steps.refusal(zombie::commitTransaction));
        told.add("abort: " + Steps.refusal(zombie::abortTransaction));
        next.beginTransaction();
        send(next, topic, "c");
        next.commitTransaction();
        Steps.same("of the next", committed(topic, 4), new View(List.of("c"), 4));
      }
      // One that has no transaction open when it is fenced.
      try (KafkaProducer<String, String> next = producer("fencing-idle")) {
        idle.beginTransaction();
        told.add("idle send: " + Steps.refusal(() -> idle.send(record(topic, 0, "d")).get()));
        told.add("idle commit: " + Steps.refusal(idle::commitTransaction));
        next.beginTransaction();
        send(next, topic, "e");
        next.commitTransaction();
      }
      Steps.same("in the end", committed(topic, 6).values(), List.of("c", "e"));
    }
    return String.join(", ", told);
  }

  private String timeout() throws Exception {
    String topic = topic("timeout", 1);
    List<String> told = new ArrayList<>();
    Map<String, Object> options = Map.of("transaction.timeout.ms", 1_000);
    try (KafkaProducer<String, String> producer = producer("timeout", options)) {
      producer.beginTransaction();
      send(producer, topic, "a", "b");
      Steps.same("while it is open", committed(topic), new View(List.of(), 0));
      Steps.until("the broker aborts it", () -> committed(topic).end() == 3, Steps::pause);
      told.add("send: " + Steps.refusal(() -> producer.send(record(topic, 0, "c")).get()));
      told.add("commit: " + Steps.refusal(producer::commitTransaction));
    }
    try (KafkaProducer<String, String> next = producer("timeout", options)) {
      next.beginTransaction();
      send(next, topic, "d");
      next.commitTransaction();
    }
    Steps.same("committed", committed(topic, 5).values(), List.of("d"));
    told.add("too long: " + Steps.refusal(() -> {
      producer("timeout-long", Map.of("transaction.timeout.ms", 900_001)).close();
    }));
    return String.join(", ", told);
  }

  /** Four producers write to one partition at the same time; every second transaction is aborted. */
  private String interleaved() throws Exception {
    String topic = topic("interleaved", 1);
    List<KafkaProducer<String, String>> producers = new ArrayList<>();
    for (int n = 0; n < 4; n++) producers.add(producer("interleaved-" + n));
    List<String> expected = new ArrayList<>();
    for (int round = 0; round < 20; round++) {
      for (var producer : producers) producer.beginTransaction();
      for (int record = 0; record < 3; record++) {
        for (int n = 0; n < 4; n++) {
          String value = round + " " + n + " " + record;
          send(producers.get(n), topic, value);
          if ((round + n) % 2 == 0) expected.add(value);
        }
      }
      for (int n = 0; n < 4; n++) {
        if ((round + n) % 2 == 0) producers.get(n).commitTransaction();
        else producers.get(n).abortTransaction();
      }
    }
    Steps.same("committed", committed(topic, 20 * 4 * 4), new View(expected, 20 * 4 * 4));
    Steps.same("uncommitted", uncommitted(topic).values().size(), 20 * 4 * 3);
    producers.forEach(KafkaProducer::close);
    return "";
  }

  /** Reads a topic in a group, and writes what it reads to another, with its offsets. */
  private final class Copier {
    final KafkaProducer<String, String> producer;
    final KafkaConsumer<String, String> consumer;
    private final String out;

    Copier(String id, String in, String out) {
      this.out = out;
      producer = producer(id);
      consumer = consumer(Map.of("group.id", prefix + "-copiers", "max.poll.records", 7));
      consumer.subscribe(List.of(in));
    }

    /** @returns whether there was something to copy */
    boolean copy(boolean ends) {
      var records = consumer.poll(Duration.ofMillis(50));
      if (records.isEmpty()) return false;
      producer.beginTransaction();
      Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
      for (ConsumerRecord<String, String> it : records) {
        producer.send(record(out, it.partition(), it.value().toUpperCase()));
        offsets.put(new TopicPartition(it.topic(), it.partition()), new OffsetAndMetadata(it.offset() + 1));
      }
      producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
      if (ends) producer.commitTransaction();
      else producer.flush();
      return true;
    }
  }

  private String copy() throws Exception {
    String in = topic("copy-in", COPY_PARTITIONS);
    String out = topic("copy-out", COPY_PARTITIONS);
    fill(in, 0, COPIED);
    Copier first = new Copier("copier-1", in, out);
    Steps.until("the first begins", () -> first.copy(true), () -> { });
    Copier second = new Copier("copier-2", in, out);
    Steps.until("both have two",
        () -> first.consumer.assignment().size() == 2 && second.consumer.assignment().size() == 2,
        () -> {
          first.copy(true);
          second.copy(true);
        });
    fill(in, COPIED, 2 * COPIED);
    // The second leaves a transaction with offsets open, and is gone.
    Steps.until("the second has an open one", () -> second.copy(false), () -> { });
    second.consumer.close();
    Copier third = new Copier("copier-2", in, out);
    Set<String> expected = new TreeSet<>();
    for (int n = 0; n < 2 * COPIED; n++) expected.add("RECORD %03d".formatted(n));
    List<String> found = new ArrayList<>();
    try (KafkaConsumer<String, String> reader = consumer(Map.of("group.id", prefix + "-copied"))) {
      reader.subscribe(List.of(out));
      Steps.until("all is copied", () -> found.size() >= 2 * COPIED, () -> {
        first.copy(true);
        third.copy(true);
        reader.poll(Duration.ofMillis(20)).forEach((it) -> found.add(it.value()));
      });
      reader.poll(Duration.ofMillis(300)).forEach((it) -> found.add(it.value()));
    }
    Steps.same("how many", found.size(), 2 * COPIED);
    Steps.same("each once", new TreeSet<>(found), expected);
    String told = "zombie: " + Steps.refusal(second.producer::commitTransaction);
    for (Copier copier : List.of(first, third)) copier.consumer.close();
    for (Copier copier : List.of(first, second, third)) copier.producer.close();
    return told;
  }

  private void fill(String topic, int from, int to) throws Exception {
    Map<String, Object> options = Map.of("bootstrap.servers", bootstrap);
    StringSerializer text = new StringSerializer();
    try (KafkaProducer<String, String> producer = new KafkaProducer<>(options, text, text)) {
      for (int n = from; n < to; n++) {
        producer.send(record(topic, n % COPY_PARTITIONS, "record %03d".formatted(n)));
      }
    }
  }

  private TransactionDescription described(String id) throws Exception {
    return admin.describeTransactions(List.of(prefix + "-" + id)).description(prefix + "-" + id).get();
  }

  private List<ProducerState> producersOf(String topic) throws Exception {
    TopicPartition partition = new TopicPartition(topic, 0);
    return admin.describeProducers(List.of(partition)).partitionResult(partition).get().activeProducers();
  }

  private String describe() throws Exception {
    String topic = topic("describe", 1);
    List<String> told = new ArrayList<>();
    try (KafkaProducer<String, String> producer = producer("describe", Map.of("transaction.timeout.ms", 54_321))) {
      told.add("new: " + facts(described("describe")));
      producer.beginTransaction();
      send(producer, topic, "a", "b");
      TransactionDescription open = described("describe");
      told.add("open: " + facts(open));
      Steps.same("timeout", open.transactionTimeoutMs(), 54_321L);
      Steps.same("partitions", open.topicPartitions(), Set.of(new TopicPartition(topic, 0)));
      Steps.same("has begun", open.transactionStartTimeMs().isPresent(), true);
      ProducerState state = producersOf(topic).get(0);
      Steps.same("producer", state.producerId(), open.producerId());
      Steps.same("epoch", state.producerEpoch(), open.producerEpoch());
      Steps.same("start", state.currentTransactionStartOffset().getAsLong(), 0L);
      told.add("sequence " + state.lastSequence() + " coordinator " + state.coordinatorEpoch());
      told.add("listed: " + listed(new ListTransactionsOptions()));
      told.add("ongoing: " + listed(new ListTransactionsOptions().filterStates(Set.of(TransactionState.ONGOING))));
      told.add("empty: " + listed(new ListTransactionsOptions().filterStates(Set.of(TransactionState.EMPTY))));
      told.add("of it: " + listed(new ListTransactionsOptions().filterProducerIds(Set.of(open.producerId()))));
      told.add("of others: " + listed(new ListTransactionsOptions().filterProducerIds(Set.of(123_456_789L))));
      told.add("old: " + listed(new ListTransactionsOptions().filterOnDuration(600_000)));
      producer.commitTransaction();
      Steps.until("it is complete", () -> stateOf("describe") == TransactionState.COMPLETE_COMMIT, Steps::pause);
      told.add("committed: " + facts(described("describe")));
      Steps.same("no start", producersOf(topic).get(0).currentTransactionStartOffset().isPresent(), false);
      producer.beginTransaction();
      send(producer, topic, "c");
      producer.abortTransaction();
      Steps.until("it is complete", () -> stateOf("describe") == TransactionState.COMPLETE_ABORT, Steps::pause);
      told.add("aborted: " + facts(described("describe")));
    }
    told.add("unknown: " + Steps.refusal(() -> described("nobody")));
    return String.join(", ", told);
  }

  private TransactionState stateOf(String id) {
    try {
      return described(id).state();
    } catch (Exception error) {
      throw new IllegalStateException(error);
    }
  }

  private static String facts(TransactionDescription it) {
    String begun = it.transactionStartTimeMs().isPresent() ? "begun" : "not begun";
    return it.state() + " epoch " + it.producerEpoch() + " " + begun + " " + it.topicPartitions().size();
  }

  private List<String> listed(ListTransactionsOptions options) throws Exception {
    List<String> found = new ArrayList<>();
    for (TransactionListing it : admin.listTransactions(options).all().get()) {
      if (it.transactionalId().equals(prefix + "-describe")) found.add(it.state().toString());
    }
    return found;
  }

  private String administer() throws Exception {
    String topic = topic("admin", 1);
    List<String> told = new ArrayList<>();
    try (KafkaProducer<String, String> fenced = producer("fenced");
        KafkaProducer<String, String> aborted = producer("aborted")) {
      fenced.beginTransaction();
      send(fenced, topic, "a");
      admin.fenceProducers(List.of(prefix + "-fenced")).all().get();
      Steps.until("it is aborted", () -> committed(topic).end() == 2, Steps::pause);
      told.add("fenced: " + Steps.refusal(fenced::commitTransaction));
      aborted.beginTransaction();
      send(aborted, topic, "b");
      ProducerState state = producersOf(topic).stream()
          .filter((it) -> it.currentTransactionStartOffset().isPresent()).findFirst().get();
      TopicPartition partition = new TopicPartition(topic, 0);
      int coordinatorEpoch = state.coordinatorEpoch().orElse(0);
      AbortTransactionSpec spec = new AbortTransactionSpec(
          partition, state.producerId(), (short) state.producerEpoch(), coordinatorEpoch);
      told.add("marker: " + outcome(() -> admin.abortTransaction(spec).all().get()));
      told.add("end: " + committed(topic, 4).end());
      told.add("send: " + outcome(() -> send(aborted, topic, "c")));
      told.add("commit: " + outcome(aborted::commitTransaction));
      told.add("committed: " + committed(topic, 6).values());
    }
    return String.join(", ", told);
  }

  private static String outcome(Steps.Call call) {
    String[] name = {"done"};
    try {
      name[0] = Steps.refusal(call);
    } catch (IllegalStateException error) {
      return "done";
    }
    return name[0];
  }
}
