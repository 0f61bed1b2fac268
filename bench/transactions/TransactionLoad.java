// Load by Kafka's own Java client, of one process for both brokers, so that its JVM is as warm for the one
// as for the other. It does what each line of its standard input says, and answers each with a line of JSON.
//
//   write <bootstrap> <topic> <partitions> <records a transaction> <bytes> <producers> <seconds> <warm seconds>
//         <group or ->       each producer runs one transaction after another; offsets of the group in each
//   fill  <bootstrap> <topic> <transactions> <records a transaction> <bytes> <aborted of each 10>
//   read  <bootstrap> <topic> <isolation level> <seconds>
//         all of the topic's one partition, again and again, the first time before it counts

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Scanner;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public final class TransactionLoad {
  /** Producers that fill a topic side by side. */
  private static final int FILLERS = 8;

  public static void main(String[] args) throws Exception {
    Scanner commands = new Scanner(System.in);
    while (commands.hasNextLine()) {
      String[] words = commands.nextLine().split(" ");
      String answer;
      try {
        answer = switch (words[0]) {
          case "write" -> new Writing(words).run();
          case "fill" -> fill(words);
          case "read" -> read(words);
          default -> throw new IllegalArgumentException(words[0]);
        };
      } catch (Exception error) {
        error.printStackTrace();
        answer = "{\"error\":\"" + error.toString().replaceAll("[\"\\\\\n]", "'") + "\"}";
      }
      System.out.println(answer);
    }
    System.exit(0); // whatever a failure has left running
  }

  private static KafkaProducer<byte[], byte[]> producer(String bootstrap, String id) {
    ByteArraySerializer bytes = new ByteArraySerializer();
    Map<String, Object> options = Map.of("bootstrap.servers", bootstrap, "transactional.id", id);
    KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(options, bytes, bytes);
    producer.initTransactions();
    return producer;
  }

  /** Values that do not compress to nothing: the client does not compress, a disk might. */
  private static byte[] value(int bytes, int seed) {
    byte[] value = new byte[bytes];
    new Random(seed).nextBytes(value);
    return value;
  }

  /** Producers side by side, each in a thread of its own. */
  private static final class Writing {
    private final String bootstrap;
    private final String topic;
    private final int partitions;
    private final int records;
    private final byte[] value;
    private final int producers;
    private final double seconds;
    private final double warmSeconds;
    private final String group;

    Writing(String[] words) {
      bootstrap = words[1];
      topic = words[2];
      partitions = Integer.parseInt(words[3]);
      records = Integer.parseInt(words[4]);
      value = value(Integer.parseInt(words[5]), 1);
      producers = Integer.parseInt(words[6]);
      seconds = Double.parseDouble(words[7]);
      warmSeconds = Double.parseDouble(words[8]);
      group = words[9];
    }

    String run() throws Exception {
      ExecutorService threads = Executors.newFixedThreadPool(producers);
      List<Future<Times>> running = new ArrayList<>();
      // Told when the warm-up is over, so that who asked can look at the broker's processor time.
      long begin = System.nanoTime() + (long) (warmSeconds * 1e9);
      long end = begin + (long) (seconds * 1e9);
      for (int n = 0; n < producers; n++) {
        int number = n;
        running.add(threads.submit(() -> produce(number, begin, end)));
      }
      ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
      for (long at : new long[] {begin, end}) {
        long delay = Math.max(0, at - System.nanoTime());
        String mark = at == begin ? "{\"mark\":\"begin\"}" : "{\"mark\":\"end\"}";
        clock.schedule(() -> System.out.println(mark), delay, TimeUnit.NANOSECONDS);
      }
      List<Times> times = new ArrayList<>();
      try {
        for (Future<Times> one : running) times.add(one.get());
        clock.shutdown();
        clock.awaitTermination(5, TimeUnit.SECONDS);
      } finally {
        threads.shutdownNow();
        clock.shutdownNow();
        threads.awaitTermination(60, TimeUnit.SECONDS);
      }
      return summary(times);
    }

    private Times produce(int number, long begin, long end) throws Exception {
      Times times = new Times();
      try (KafkaProducer<byte[], byte[]> producer = producer(bootstrap, topic + "-" + number)) {
        long offset = 0;
        for (long now = System.nanoTime(); now < end; ) {
          producer.beginTransaction();
          for (int n = 0; n < records; n++) {
            producer.send(new ProducerRecord<>(topic, (number + n) % partitions, null, value));
          }
          if (!group.equals("-")) sendOffsets(producer, number, ++offset);
          long sent = System.nanoTime();
          producer.commitTransaction();
          long done = System.nanoTime();
          if (now >= begin && done <= end) times.add(done - now, done - sent);
          now = done;
        }
      }
      return times;
    }

    /** As a copier that reads partition `number`: each has a group, since each is one of them. */
    @SuppressWarnings("removal") // the interface that comes in its place has no such constructor yet
    private void sendOffsets(KafkaProducer<byte[], byte[]> producer, int number, long offset) {
      ConsumerGroupMetadata nobody =
          new ConsumerGroupMetadata(group + "-" + number, -1, "", Optional.empty());
      TopicPartition partition = new TopicPartition(topic, number % partitions);
      producer.sendOffsetsToTransaction(Map.of(partition, new OffsetAndMetadata(offset)), nobody);
    }

    private String summary(List<Times> times) {
      long[] all = Times.sorted(times, (it) -> it.whole);
      long[] commits = Times.sorted(times, (it) -> it.commits);
      return "{\"transactions\":%d,\"seconds\":%f,\"whole\":%s,\"commit\":%s}"
          .formatted(all.length, seconds, percentiles(all), percentiles(commits));
    }

    private static String percentiles(long[] sorted) {
      if (sorted.length == 0) return "{\"p50\":0,\"p99\":0,\"p999\":0}";
      return "{\"p50\":%f,\"p99\":%f,\"p999\":%f}"
          .formatted(at(sorted, 0.5), at(sorted, 0.99), at(sorted, 0.999));
    }

    private static double at(long[] sorted, double share) {
      return sorted[Math.min(sorted.length - 1, (int) (sorted.length * share))] / 1e6;
    }
  }

  /** What each transaction took, in nanoseconds: all of it, and its commit. */
  private static final class Times {
    long[] whole = new long[1024];
    long[] commits = new long[1024];
    int count = 0;

    void add(long all, long commit) {
      if (count == whole.length) {
        whole = Arrays.copyOf(whole, count * 2);
        commits = Arrays.copyOf(commits, count * 2);
      }
      whole[count] = all;
      commits[count++] = commit;
    }

    interface Which {
      long[] of(Times times);
    }

    static long[] sorted(List<Times> times, Which which) {
      long[] all = new long[times.stream().mapToInt((it) -> it.count).sum()];
      int at = 0;
      for (Times one : times) {
        System.arraycopy(which.of(one), 0, all, at, one.count);
        at += one.count;
      }
      Arrays.sort(all);
      return all;
    }
  }

  private static String fill(String[] words) throws Exception {
    int transactions = Integer.parseInt(words[3]);
    ExecutorService threads = Executors.newFixedThreadPool(FILLERS);
    List<Future<?>> running = new ArrayList<>();
    for (int number = 0; number < FILLERS; number++) {
      int from = transactions * number / FILLERS;
      int to = transactions * (number + 1) / FILLERS;
      running.add(threads.submit(() -> {
        fill(words, from, to);
        return null;
      }));
    }
    for (Future<?> one : running) one.get();
    threads.shutdown();
    return "{}";
  }

  private static void fill(String[] words, int from, int to) {
    int records = Integer.parseInt(words[4]);
    int aborted = Integer.parseInt(words[6]);
    byte[] value = value(Integer.parseInt(words[5]), 2);
    try (KafkaProducer<byte[], byte[]> producer = producer(words[1], words[2] + "-fill-" + from)) {
      for (int n = from; n < to; n++) {
        producer.beginTransaction();
        for (int record = 0; record < records; record++) {
          producer.send(new ProducerRecord<>(words[2], 0, null, value));
        }
        producer.flush();
        if (n % 10 < aborted) producer.abortTransaction();
        else producer.commitTransaction();
      }
    }
  }

  private static String read(String[] words) {
    ByteArrayDeserializer bytes = new ByteArrayDeserializer();
    // It must not wait at the end for what does not come: the fetch ahead is under way when it seeks.
    Map<String, Object> options = Map.of(
        "bootstrap.servers", words[1], "isolation.level", words[3], "fetch.max.wait.ms", 1);
    TopicPartition partition = new TopicPartition(words[2], 0);
    double least = Double.parseDouble(words[4]);
    try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(options, bytes, bytes)) {
      consumer.assign(List.of(partition));
      long end = consumer.endOffsets(List.of(partition)).get(partition);
      readOnce(consumer, partition, end);
      System.out.println("{\"mark\":\"begin\"}");
      long begun = System.nanoTime();
      long records = 0;
      long scanned = 0;
      double seconds = 0;
      while (seconds < least) {
        records += readOnce(consumer, partition, end);
        scanned += end;
        seconds = (System.nanoTime() - begun) / 1e9;
      }
      System.out.println("{\"mark\":\"end\"}");
      return "{\"records\":%d,\"scanned\":%d,\"seconds\":%f}".formatted(records, scanned, seconds);
    }
  }

  private static long readOnce(
      KafkaConsumer<byte[], byte[]> consumer, TopicPartition partition, long end) {
    consumer.seek(partition, 0);
    long records = 0;
    while (consumer.position(partition) < end) records += consumer.poll(Duration.ofMillis(100)).count();
    return records;
  }
}
