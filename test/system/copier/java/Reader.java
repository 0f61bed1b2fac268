// Reads topics from their beginnings to their ends, by assignment, with Kafka's own Java consumer.
//
//   Reader --bootstrap 127.0.0.1:9092 --client 9 --history <file> --topics in,out
//          --isolation read_committed
//
// Goes on at the end until something comes on standard input, then reads to the end of that moment, and
// ends. The history is told that it is a reader of committed records: with another isolation it is a
// planted bug, for a test of the tests.

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public final class Reader {
  private final Words words;
  private final History history;
  private final List<String> topics;
  private final KafkaConsumer<byte[], byte[]> consumer;

  private Reader(Words words) throws IOException {
    this.words = words;
    history = new History(words.number("client"), words.text("history"));
    topics = List.of(words.text("topics").split(","));
    consumer = new KafkaConsumer<>(settings());
  }

  public static void main(String[] args) throws IOException {
    new Reader(new Words(args)).run();
    Runtime.getRuntime().halt(0);
  }

  private void run() throws IOException {
    List<TopicPartition> all = new ArrayList<>();
    for (String topic : topics) {
      for (PartitionInfo each : consumer.partitionsFor(topic, Duration.ofMinutes(2))) {
        all.add(new TopicPartition(topic, each.partition()));
        history.offset(
            History.POSITION, History.READ_COMMITTED, topics.indexOf(topic), each.partition(), 0, 0);
      }
    }
    consumer.assign(all);
    consumer.seekToBeginning(all);
    while (System.in.available() == 0) read();
    Map<TopicPartition, Long> ends = consumer.endOffsets(all, Duration.ofMinutes(2));
    while (all.stream().anyMatch(each -> consumer.position(each) < ends.get(each))) read();
    history.flush();
  }

  private void read() {
    for (ConsumerRecord<byte[], byte[]> each : consumer.poll(Duration.ofMillis(200))) {
      Payload value = Payload.read(each.value());
      int bits = History.READ_COMMITTED | (value.isDamagedIn(each.value()) ? History.DAMAGED : 0);
      int topic = topics.indexOf(each.topic());
      history.value(History.READ, bits, topic, each.partition(), each.offset(), value, 0);
    }
    history.flush();
  }

  private Properties settings() {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", words.text("bootstrap"));
    settings.put("client.id", "reader");
    settings.put("isolation.level", words.text("isolation"));
    settings.put("enable.auto.commit", "false");
    settings.put("reconnect.backoff.max.ms", 500);
    settings.put("key.deserializer", ByteArrayDeserializer.class.getName());
    settings.put("value.deserializer", ByteArrayDeserializer.class.getName());
    return settings;
  }
}
