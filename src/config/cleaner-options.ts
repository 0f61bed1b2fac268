// What may be configured for compaction. Kafka's names, types and defaults; what topics may set of it stands
// in topic-options.ts. All but log.cleaner.enable may be altered while the broker runs, as in Kafka.
//
// Source: apache/kafka, CleanerConfig.java; LogCleaner.RECONFIGURABLE_CONFIGS.

import { booleanOption, doubleOption, intOption, longOption } from './option.ts'

const MAX_KEY_BYTES = 1024 * 1024 * 1024

export const CLEANER_OPTIONS = {
  logCleanerEnable: booleanOption('log.cleaner.enable', {
    default: 'true',
    doc: 'Whether compacted topics are compacted, the internal ones among them.',
  }),
  logCleanerThreads: intOption('log.cleaner.threads', {
    default: '1',
    min: 1,
    max: 16,
    doc:
      'Partitions that are compacted at a time, each in a thread of its own. They share the memory and the ' +
      'rate of the options beside this one. More help when many partitions are due and the disk and the ' +
      'processors have room.',
    dynamic: true,
  }),
  logCleanerBackoffMs: longOption('log.cleaner.backoff.ms', {
    default: '15000',
    min: 1,
    unit: 'ms',
    doc: 'How long after nothing was to be compacted it is looked again.',
    dynamic: true,
  }),
  logCleanerDedupeBufferSize: longOption('log.cleaner.dedupe.buffer.size', {
    default: '134217728',
    min: 4_096,
    unit: 'bytes',
    doc:
      `Memory for the keys of logs while they are compacted, at most ${MAX_KEY_BYTES} a thread: 27 bytes a ` +
      'key. With more keys than fit a log is compacted in several passes.',
    dynamic: true,
  }),
  logCleanerIoBufferSize: intOption('log.cleaner.io.buffer.size', {
    default: '524288',
    min: 1_024,
    unit: 'bytes',
    doc: 'Bytes that compaction reads at a time, all threads together.',
    dynamic: true,
  }),
  logCleanerIoMaxBytesPerSecond: doubleOption('log.cleaner.io.max.bytes.per.second', {
    default: '1.7976931348623157E308',
    min: 1,
    max: Number.MAX_VALUE,
    doc: 'Bytes that compaction reads and writes in a second, at most, all threads together.',
    dynamic: true,
  }),
}
