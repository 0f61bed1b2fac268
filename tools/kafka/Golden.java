// What golden.mjs has a real broker do, with Kafka's own clients:
//
//   write  <bootstrap>                    makes the topics and fills all but `killed`
//   append <bootstrap>                    fills `killed`
//   read   <bootstrap> <file> <topic...>  reads topics back, into a JSON file

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public final class Golden {
  /** 2023-11-14T22:13:20Z: the time of the first record of each topic. */
  private static final long START_MS = 1_700_000_000_000L;

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> CODECS = List.of("none", "gzip", "snappy", "lz4", "zstd");

  public static void main(String[] args) throws Exception {
    switch (args[0]) {
      case "write" -> write(args[1]);
      case "append" -> append(args[1]);
      case "read" -> read(args[1], Path.of(args[2]), List.of(args).subList(3, args.length));
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  private static void write(String bootstrap) throws Exception {
    createTopics(bootstrap);
    for (String codec : CODECS) {
      fill(bootstrap, codec, 60, Map.of("compression.type", codec, "enable.idempotence", "false"));
    }
    fill(bootstrap, "index-full", 40, Map.of("enable.idempotence", "false"));
    fill(bootstrap, "append-time", 30, Map.of("compression.type", "lz4", "enable.idempotence", "false"));
    fill(bootstrap, "idempotent", 40, Map.of());
    fillTransactions(bootstrap);
    fillCompacted(bootstrap);
  }

  private static void append(String bootstrap) throws Exception {
    fill(bootstrap, "killed", 50, Map.of("compression.type", "zstd", "enable.idempotence", "false"));
  }

  private static void createTopics(String bootstrap) throws Exception {
    // Records are of 2023: kept for ever. A segment takes 10 s of record time, about 20 records.
    Map<String, String> small = Map.of(
        "retention.ms", "-1", "segment.ms", "10000", "index.interval.bytes", "200",
        "segment.index.bytes", "1200");
    List<NewTopic> topics = new ArrayList<>();
    for (String name : CODECS) topics.add(topic(name, small, Map.of()));
    topics.add(topic("index-full", small, Map.of(
        "segment.ms", "604800000", "index.interval.bytes", "1", "segment.index.bytes", "48")));
    topics.add(topic("append-time", small, Map.of("message.timestamp.type", "LogAppendTime")));
    topics.add(topic("idempotent", small, Map.of()));
    topics.add(topic("transactions", small, Map.of()));
    topics.add(topic("killed", small, Map.of()));
    topics.add(topic("compacted", small, Map.of(
        "cleanup.policy", "compact", "min.cleanable.dirty.ratio", "0.01")));
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
      admin.createTopics(topics).all().get();
    }
  }

  private static NewTopic topic(String name, Map<String, String> base, Map<String, String> own) {
    Map<String, String> configs = new HashMap<>(base);
    configs.putAll(own);
    return new NewTopic(name, 1, (short) 1).configs(configs);
  }

  private static KafkaProducer<byte[], byte[]> producer(String bootstrap, Map<String, String> options) {
    Map<String, Object> all = new HashMap<>(options);
    all.put("bootstrap.servers", bootstrap);
    all.put("linger.ms", "60000"); // flush() alone ends a batch
    ByteArraySerializer bytes = new ByteArraySerializer();
    return new KafkaProducer<>(all, bytes, bytes);
  }

  /** Sends records in batches of 1 to 5, one batch a request. */
  private static void fill(String bootstrap, String topic, int count, Map<String, String> options) {
    try (KafkaProducer<byte[], byte[]> producer = producer(bootstrap, options)) {
      int inBatch = 0;
      for (int n = 0; n < count; n++) {
        producer.send(record(topic, n));
        if (++inBatch <= n % 5) continue;
        producer.flush();
        inBatch = 0;
      }
      producer.flush();
    }
  }

  private static void fillTransactions(String bootstrap) {
    Map<String, String> options = Map.of("transactional.id", "golden", "compression.type", "snappy");
    try (KafkaProducer<byte[], byte[]> producer = producer(bootstrap, options)) {
      producer.initTransactions();
      for (int n = 0; n < 24; n++) {
        if (n % 6 == 0) producer.beginTransaction();
        producer.send(record("transactions", n));
        if (n % 6 != 5) continue;
        producer.flush(); // or an aborted batch would never be sent
        if (n == 11) producer.abortTransaction();
        else producer.commitTransaction();
      }
    }
  }

  /** Ten keys over and over, some of them deleted at the end. */
  private static void fillCompacted(String bootstrap) {
    Map<String, String> options = Map.of("compression.type", "gzip");
    try (KafkaProducer<byte[], byte[]> producer = producer(bootstrap, options)) {
      for (int n = 0; n < 80; n++) {
        byte[] key = utf8("key-" + (n * 7) % 10);
        byte[] value = n >= 60 && n % 4 == 0 ? null : utf8("value " + n);
        producer.send(new ProducerRecord<>("compacted", 0, START_MS + n * 500L, key, value));
        if (n % 4 == 3) producer.flush();
      }
    }
  }

  /** Record n: keys, values and headers that are null, empty, and not ASCII; times go back and forth. */
  private static ProducerRecord<byte[], byte[]> record(String topic, int n) {
    byte[] key = n % 4 == 0 ? null : utf8(n % 7 == 0 ? "" : "key-" + n % 10);
    byte[] value = n % 9 == 4 ? null : utf8(n % 11 == 0 ? "" : "value " + n + " é漢🎉 ".repeat(n % 6));
    List<Header> headers = new ArrayList<>();
    if (n % 5 == 0) {
      headers.add(new RecordHeader("trace", utf8("id-" + n)));
      headers.add(new RecordHeader("ключ", null));
      headers.add(new RecordHeader("trace", new byte[0]));
    }
    long timestamp = START_MS + n * 500L - n % 3 * 700L;
    return new ProducerRecord<>(topic, 0, timestamp, key, value, headers);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Writes one line of JSON for each record, and one for the end of each topic. */
  private static void read(String bootstrap, Path file, List<String> topics) throws Exception {
    List<String> lines = new ArrayList<>();
    ByteArrayDeserializer bytes = new ByteArrayDeserializer();
    Map<String, Object> options = Map.of("bootstrap.servers", bootstrap);
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(options, bytes, bytes)) {
      for (String topic : topics) {
        TopicPartition partition = new TopicPartition(topic, 0);
        consumer.assign(List.of(partition));
        consumer.seekToBeginning(List.of(partition));
        long end = consumer.endOffsets(List.of(partition)).get(partition);
        while (consumer.position(partition) < end) {
          for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
            lines.add(JSON.writeValueAsString(describe(record)));
          }
        }
        lines.add(JSON.writeValueAsString(JSON.createObjectNode().put("topic", topic).put("endOffset", end)));
      }
    }
    Files.write(file, lines);
  }

  /** Keys and values in base64, so that null, empty and text stay apart. */
  private static ObjectNode describe(ConsumerRecord<byte[], byte[]> record) {
    ObjectNode into = JSON.createObjectNode();
    into.put("topic", record.topic()).put("offset", record.offset()).put("timestamp", record.timestamp());
    into.put("key", base64(record.key())).put("value", base64(record.value()));
    ArrayNode headers = into.putArray("headers");
    for (Header header : record.headers()) {
      headers.addArray().add(header.key()).add(base64(header.value()));
    }
    return into;
  }

  private static String base64(byte[] bytes) {
    return bytes == null ? null : Base64.getEncoder().encodeToString(bytes);
  }
}
