// Fills the input of a copy: most of it in transactions, of which some are aborted, the rest without.
//
//   Feeder --bootstrap 127.0.0.1:9092 --client 1 --id feeder --history <file> --seed 3
//          --input in --in-partitions 4 --keys 97 --max-transaction 200 --abort 0.1 --plain 0.1
//          --timeout 15000
//
// Each line of standard input is a number: how many records may be in the input by now. Prints, after
// each transaction, how many there are. Ends when standard input ends.

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.util.Properties;
import java.util.Random;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public final class Feeder {
  private static final int INPUT = 0;

  private final Words words;
  private final int client;
  private final History history;
  private final Random random;
  private final KafkaProducer<byte[], byte[]> plain;
  private KafkaProducer<byte[], byte[]> transactional;
  private int transaction;
  private int numbers;

  private Feeder(Words words) throws IOException {
    this.words = words;
    client = words.number("client");
    history = new History(client, words.text("history"));
    random = new Random(words.number("seed"));
    plain = new KafkaProducer<>(settings(false));
    transactional = newTransactional();
  }

  public static void main(String[] args) throws IOException {
    Feeder feeder = new Feeder(new Words(args));
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    long fed = 0;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      long allowed = Long.parseLong(line);
      while (fed < allowed) {
        int count = 1 + feeder.random.nextInt(feeder.words.number("max-transaction"));
        fed += feeder.feed((int) Math.min(count, allowed - fed));
        System.out.println(fed);
      }
    }
    feeder.plain.close();
    feeder.history.flush();
    Runtime.getRuntime().halt(0);
  }

  /** @return how many of them are in the input now for certain */
  private int feed(int count) {
    if (random.nextDouble() < words.fraction("plain")) {
      send(plain, count, 0);
      plain.flush();
      return count;
    }
    int inTransaction = ++transaction;
    try {
      transactional.beginTransaction();
      send(transactional, count, inTransaction);
      if (random.nextDouble() < words.fraction("abort")) return abort(inTransaction);
      commit(inTransaction);
      return count;
    } catch (KafkaException error) {
      // Whether it is in the input is known from the input alone. Nothing of it is sent again.
      System.err.println("begins anew: " + error);
      transactional.close(java.time.Duration.ZERO);
      transactional = newTransactional();
      return 0;
    }
  }

  private int abort(int inTransaction) {
    transactional.abortTransaction();
    history.transaction(History.ABORTED, inTransaction);
    return 0;
  }

  private void commit(int inTransaction) {
    history.transaction(History.COMMITTING, inTransaction);
    history.flush();
    while (true) {
      try {
        transactional.commitTransaction();
        break;
      } catch (TimeoutException error) {
        System.err.println("asks again: " + error);
      }
    }
    history.transaction(History.COMMITTED, inTransaction);
  }

  private void send(KafkaProducer<byte[], byte[]> producer, int count, int inTransaction) {
    Payload[] values = new Payload[count];
    int[] keys = new int[count];
    int partitions = words.number("in-partitions");
    for (int at = 0; at < count; at++) {
      values[at] = Payload.original(client, ++numbers);
      keys[at] = random.nextInt(words.number("keys"));
      history.value(
          History.SEND, 0, INPUT, keys[at] % partitions, -1, values[at], inTransaction);
    }
    history.flush();
    for (int at = 0; at < count; at++) {
      Payload value = values[at];
      int partition = keys[at] % partitions;
      byte[] key = ByteBuffer.allocate(4).putInt(keys[at]).array();
      producer.send(
          new ProducerRecord<>(words.text("input"), partition, key, value.bytes()),
          (stored, error) -> {
            if (error != null) return;
            history.value(
                History.ACKED, 0, INPUT, partition, stored.offset(), value, inTransaction);
          });
    }
  }

  private KafkaProducer<byte[], byte[]> newTransactional() {
    while (true) {
      KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings(true));
      try {
        producer.initTransactions();
        return producer;
      } catch (KafkaException error) {
        System.err.println("asks again: " + error);
        producer.close(java.time.Duration.ZERO);
      }
    }
  }

  private Properties settings(boolean isTransactional) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", words.text("bootstrap"));
    settings.put("client.id", words.text("id"));
    settings.put("linger.ms", 2);
    settings.put("reconnect.backoff.max.ms", 500);
    settings.put("request.timeout.ms", 10_000);
    settings.put("delivery.timeout.ms", 3_600_000);
    settings.put("key.serializer", ByteArraySerializer.class.getName());
    settings.put("value.serializer", ByteArraySerializer.class.getName());
    if (isTransactional) {
      settings.put("transactional.id", words.text("id"));
      settings.put("transaction.timeout.ms", words.number("timeout"));
      settings.put("delivery.timeout.ms", 60_000);
    }
    return settings;
  }
}
