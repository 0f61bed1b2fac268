// Consumes, transforms, produces, and commits what it consumed inside the transaction; with Kafka's own
// Java clients. It may be killed at any time.
//
//   Copier --bootstrap 127.0.0.1:9092 --client 7 --id copier-1 --history <file> --seed 3
//          --group copiers --protocol classic|consumer --input in --output out --out-partitions 4
//          --max-transaction 200 --abort 0.1 --timeout 15000 --rule right|offsets-outside|no-generation
//
// Ends with 0 when something comes on standard input. Ends with 3 when it was fenced, or met an error
// after which a new life is to take over.
//
// Rules other than `right` are planted bugs, for tests of the tests: `offsets-outside` commits offsets
// after the transaction, and dies between the two now and then; `no-generation` does not say which
// generation of the group it belongs to, so that one which slept too long is not found out.

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Random;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.OutOfOrderSequenceException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public final class Copier implements ConsumerRebalanceListener {
  private static final int INPUT = 0;
  private static final int OUTPUT = 1;
  private static final String[] CODECS = {"none", "lz4", "gzip", "snappy", "zstd"};

  private final Words words;
  private final int client;
  private final History history;
  private final Random random;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final KafkaProducer<byte[], byte[]> producer;

  /** Where each partition that is ours is read on once the transaction is aborted. */
  private final Map<TopicPartition, Long> starts = new HashMap<>();

  /** Where each partition that the transaction has read from is read on once it is committed. */
  private final Map<TopicPartition, Long> moves = new HashMap<>();

  private int transaction;
  private boolean isOpen;
  private int room;
  private int numbers;

  private Copier(Words words) throws IOException {
    this.words = words;
    client = words.number("client");
    history = new History(client, words.text("history"));
    random = new Random(words.number("seed"));
    consumer = new KafkaConsumer<>(consumerSettings());
    producer = new KafkaProducer<>(producerSettings());
  }

  public static void main(String[] args) throws Exception {
    Copier copier = new Copier(new Words(args));
    int code = 0;
    try {
      copier.run();
    } catch (KafkaException error) {
      System.err.println("ends: " + error);
      code = 3;
    }
    copier.history.flush();
    // Nothing is closed in order: whoever comes after has to live with that.
    Runtime.getRuntime().halt(code);
  }

  private void run() throws IOException {
    producer.initTransactions();
    consumer.subscribe(List.of(words.text("input")), this);
    while (System.in.available() == 0 || isOpen) {
      ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(100));
      orAbort(() -> copyAll(records));
      if (isOpen && records.isEmpty()) orAbort(this::end);
    }
    consumer.close();
  }

  /** @return false when a transaction was aborted, so that the rest is to be read again */
  private boolean copyAll(ConsumerRecords<byte[], byte[]> records) {
    List<ConsumerRecord<byte[], byte[]>> some = new ArrayList<>();
    for (ConsumerRecord<byte[], byte[]> each : records) {
      if (!isOpen) begin();
      some.add(each);
      room -= 1;
      if (room > 0) continue;
      copy(some);
      some.clear();
      if (!end()) return false;
    }
    copy(some);
    return true;
  }

  private void begin() {
    producer.beginTransaction();
    transaction += 1;
    isOpen = true;
    room = 1 + random.nextInt(words.number("max-transaction"));
  }

  private void copy(List<ConsumerRecord<byte[], byte[]>> records) {
    List<Payload> copies = new ArrayList<>();
    for (ConsumerRecord<byte[], byte[]> each : records) {
      Payload read = Payload.read(each.value());
      int detail = History.READ_COMMITTED | (read.isDamagedIn(each.value()) ? History.DAMAGED : 0);
      history.value(
          History.READ, detail, INPUT, each.partition(), each.offset(), read, transaction);
      Payload copy = read.copy(client, ++numbers, each.partition(), each.offset());
      copies.add(copy);
      history.value(History.SEND, 0, OUTPUT, target(each), -1, copy, transaction);
    }
    history.flush();
    for (int at = 0; at < copies.size(); at++) send(records.get(at), copies.get(at));
  }

  private void send(ConsumerRecord<byte[], byte[]> from, Payload copy) {
    moves.put(new TopicPartition(from.topic(), from.partition()), from.offset() + 1);
    int partition = target(from);
    int inTransaction = transaction;
    byte[] value = copy.transformed(from.value());
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(words.text("output"), partition, from.key(), value);
    producer.send(
        record,
        (stored, error) -> {
          if (error != null) return;
          history.value(
              History.ACKED, 0, OUTPUT, partition, stored.offset(), copy, inTransaction);
        });
  }

  private int target(ConsumerRecord<byte[], byte[]> from) {
    return ByteBuffer.wrap(from.key()).getInt() % words.number("out-partitions");
  }

  /** Aborts the transaction after an error that does not end this life. */
  private void orAbort(BooleanSupplier action) {
    try {
      action.getAsBoolean();
    } catch (ProducerFencedException
        | InvalidProducerEpochException
        | OutOfOrderSequenceException
        | AuthorizationException error) {
      throw error;
    } catch (KafkaException error) {
      System.err.println("aborts: " + error);
      abort();
    }
  }

  /** Ends the transaction, as chance wants it. @return whether it was committed */
  private boolean end() {
    return random.nextDouble() < words.fraction("abort") ? abort() : commit();
  }

  private boolean commit() {
    boolean isInside = !words.is("rule", "offsets-outside");
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    moves.forEach((partition, offset) -> {
      offsets.put(partition, new OffsetAndMetadata(offset, client + ":" + transaction));
      history.offset(History.MOVING, 0, INPUT, partition.partition(), offset, transaction);
    });
    history.flush();
    if (isInside) producer.sendOffsetsToTransaction(offsets, group());
    history.transaction(History.COMMITTING, transaction);
    history.flush();
    while (true) {
      try {
        producer.commitTransaction();
        break;
      } catch (TimeoutException error) {
        System.err.println("asks again: " + error);
      }
    }
    history.transaction(History.COMMITTED, transaction);
    if (!isInside) {
      history.flush();
      if (random.nextInt(10) == 0) Runtime.getRuntime().halt(3);
      consumer.commitSync(offsets);
    }
    starts.putAll(moves);
    moves.clear();
    isOpen = false;
    history.flush();
    return true;
  }

  private ConsumerGroupMetadata group() {
    if (!words.is("rule", "no-generation")) return consumer.groupMetadata();
    return new ConsumerGroupMetadata(words.text("group"), -1, "", Optional.empty());
  }

  /** Aborts the transaction, and reads again from where it began. @return false */
  private boolean abort() {
    producer.abortTransaction();
    history.transaction(History.ABORTED, transaction);
    moves.clear();
    isOpen = false;
    for (TopicPartition each : consumer.assignment()) {
      Long offset = starts.get(each);
      if (offset == null) continue;
      consumer.seek(each, offset);
      position(each, offset);
    }
    history.flush();
    return false;
  }

  private void position(TopicPartition each, long offset) {
    history.offset(
        History.POSITION, History.READ_COMMITTED, INPUT, each.partition(), offset, 0);
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    // Until this returns they are still ours: what was copied of them may be committed, or not.
    if (isOpen) orAbort(this::end);
    partitions.forEach(starts::remove);
  }

  @Override
  public void onPartitionsLost(Collection<TopicPartition> partitions) {
    partitions.forEach(starts::remove);
    if (isOpen) abort();
  }

  @Override
  public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
    for (TopicPartition each : partitions) {
      long offset = consumer.position(each);
      starts.put(each, offset);
      position(each, offset);
    }
    history.flush();
  }

  private Properties consumerSettings() {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", words.text("bootstrap"));
    settings.put("client.id", words.text("id"));
    settings.put("group.id", words.text("group"));
    settings.put("isolation.level", "read_committed");
    settings.put("enable.auto.commit", "false");
    settings.put("auto.offset.reset", "earliest");
    settings.put("max.poll.records", 1 + random.nextInt(500));
    // A rebalance waits so long, at most, for a member that is held up in a call.
    settings.put("max.poll.interval.ms", 30_000);
    settings.put("reconnect.backoff.max.ms", 500);
    settings.put("key.deserializer", ByteArrayDeserializer.class.getName());
    settings.put("value.deserializer", ByteArrayDeserializer.class.getName());
    if (words.is("protocol", "consumer")) settings.put("group.protocol", "consumer");
    else {
      settings.put("session.timeout.ms", 6_000);
      settings.put("heartbeat.interval.ms", 1_000);
      settings.put(
          "partition.assignment.strategy", "org.apache.kafka.clients.consumer.RangeAssignor");
    }
    return settings;
  }

  private Properties producerSettings() {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", words.text("bootstrap"));
    settings.put("client.id", words.text("id"));
    settings.put("transactional.id", words.text("id"));
    settings.put("transaction.timeout.ms", words.number("timeout"));
    settings.put("compression.type", CODECS[random.nextInt(CODECS.length)]);
    settings.put("batch.size", 1_000 + random.nextInt(16_000));
    settings.put("linger.ms", 2);
    settings.put("reconnect.backoff.max.ms", 500);
    settings.put("request.timeout.ms", 10_000);
    settings.put("delivery.timeout.ms", 60_000);
    settings.put("key.serializer", ByteArraySerializer.class.getName());
    settings.put("value.serializer", ByteArraySerializer.class.getName());
    return settings;
  }
}
