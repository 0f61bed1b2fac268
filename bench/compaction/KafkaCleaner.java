// Apache Kafka's own cleaner over partition directories, as its LogCleaner drives it: one thread, the
// default buffers, no throttle.
//
//   in    DIRECTORY SEGMENT_BYTES, a line each
//   out   a line of JSON with what the pass took, or {"error": …}

import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.util.KafkaScheduler;
import org.apache.kafka.storage.internals.log.Cleaner;
import org.apache.kafka.storage.internals.log.CleanerConfig;
import org.apache.kafka.storage.internals.log.CleanerStats;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.apache.kafka.storage.internals.log.LogToClean;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.SkimpyOffsetMap;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.internals.utils.Throttler;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;

public final class KafkaCleaner {
  private static final int MAX_MESSAGE_BYTES = 1024 * 1024 + 12;
  private static final int MAX_TRANSACTION_MS = 15 * 60_000;
  private static final int PRODUCER_EXPIRATION_MS = 86_400_000;
  private static final int PRODUCER_CHECK_MS = 600_000;

  private final Cleaner cleaner;
  private final KafkaScheduler scheduler = new KafkaScheduler(1);
  private final com.sun.management.OperatingSystemMXBean system =
      (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private KafkaCleaner() throws Exception {
    double noBound = CleanerConfig.LOG_CLEANER_IO_MAX_BYTES_PER_SECOND;
    Throttler throttler = new Throttler(noBound, 300, "cleaner-io", "bytes", Time.SYSTEM);
    int mapBytes = (int) CleanerConfig.LOG_CLEANER_DEDUPE_BUFFER_SIZE;
    int halfOfBuffer = CleanerConfig.LOG_CLEANER_IO_BUFFER_SIZE / 2;
    // As LogCleaner.CleanerThread does with one thread: half of the io buffer reads, half writes.
    cleaner =
        new Cleaner(
            0,
            new SkimpyOffsetMap(mapBytes, CleanerConfig.HASH_ALGORITHM),
            halfOfBuffer,
            MAX_MESSAGE_BYTES,
            CleanerConfig.LOG_CLEANER_DEDUPE_BUFFER_LOAD_FACTOR,
            throttler,
            Time.SYSTEM,
            partition -> {});
    scheduler.startup();
  }

  public static void main(String[] args) throws Exception {
    KafkaCleaner driver = new KafkaCleaner();
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] words = line.split(" ");
      try {
        System.out.println(driver.clean(new File(words[0]), words[1]));
      } catch (Exception error) {
        System.out.println("{\"error\":\"" + String.valueOf(error).replace('"', '\'') + "\"}");
      }
    }
    System.exit(0);
  }

  private String clean(File directory, String segmentBytes) throws Exception {
    UnifiedLog log = open(directory, segmentBytes);
    try {
      log.updateHighWatermark(log.logEndOffset());
      LogToClean all = new LogToClean(log, 0, log.activeSegment().baseOffset(), false);
      long cpuBefore = system.getProcessCpuTime();
      long begun = System.nanoTime();
      CleanerStats stats = cleaner.clean(all).getValue();
      double seconds = (System.nanoTime() - begun) / 1e9;
      double cpuSeconds = (system.getProcessCpuTime() - cpuBefore) / 1e9;
      return String.format(
          "{\"seconds\":%f,\"cpuSeconds\":%f,\"mapSeconds\":%f,\"mapped\":%d}",
          seconds, cpuSeconds, stats.elapsedIndexSecs(), stats.mapMessagesRead());
    } finally {
      log.close();
    }
  }

  private UnifiedLog open(File directory, String segmentBytes) throws Exception {
    LogConfig config =
        new LogConfig(
            Map.of(
                TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_COMPACT,
                TopicConfig.SEGMENT_BYTES_CONFIG, segmentBytes,
                TopicConfig.FILE_DELETE_DELAY_MS_CONFIG, TimeUnit.HOURS.toMillis(1)));
    return UnifiedLog.create(
        directory,
        config,
        0,
        0,
        scheduler,
        new BrokerTopicStats(),
        Time.SYSTEM,
        MAX_TRANSACTION_MS,
        new ProducerStateManagerConfig(PRODUCER_EXPIRATION_MS, false),
        PRODUCER_CHECK_MS,
        new LogDirFailureChannel(1),
        true,
        Optional.empty());
  }
}
