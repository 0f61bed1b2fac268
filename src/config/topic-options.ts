// What may be configured for a topic. Names, types, defaults and ranges are those of Kafka 4.
//
// Each option has a default for all topics among the broker's options: `retention.ms` has
// `log.retention.ms`, and after it `log.retention.minutes` and `log.retention.hours`.
//
// Source: apache/kafka, TopicConfig.java, LogConfig.java, ServerTopicConfigSynonyms.java.

import { MAX_BATCH_BYTES } from '../base/limits.ts'
import {
  booleanOption,
  choiceOption,
  doubleOption,
  intOption,
  listOption,
  LONG_MAX,
  longOption,
  textOption,
  type Option,
  type Values,
} from './option.ts'

/** A broker option that holds for topics which have no value of their own. */
export interface BrokerDefault {
  readonly name: string
  /** The broker option's number times this is the topic option's. 1 where it is no number. */
  readonly factor: number
}

/** @param brokerDefaults the one that is asked first stands first */
export type TopicOption<T> = Option<T> & { readonly brokerDefaults: readonly BrokerDefault[] }

function withDefaults<T>(option: Option<T>, ...names: (string | BrokerDefault)[]): TopicOption<T> {
  const brokerDefaults = names.map((name) => {
    return typeof name === 'string' ? { name, factor: 1 } : name
  })
  return { ...option, dynamic: true, brokerDefaults }
}

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

const NO_COMPRESSION =
  'Has no effect here: what is stored is as the client compressed it, and the broker compresses nothing.'

/** Partitions and brokers whose replication is slowed down; moving partitions sets and unsets it. */
function throttledReplicas(name: string): Option<string> {
  const doc = 'Has no effect as long as a cluster is one broker: nothing is replicated.'
  const option = textOption(name, { default: '', allowed: 'any text', doc, parse: (text) => text })
  return { ...option, type: 'list' }
}

export const TOPIC_OPTIONS = {
  cleanupPolicy: withDefaults(
    listOption('cleanup.policy', ['delete', 'compact'], {
      default: 'delete',
      doc:
        'What becomes of old records. "delete": segments go by retention.ms and retention.bytes. ' +
        '"compact": the last record of each key stays; records then need keys, and those without ' +
        'one that were there before go. Both: what is compacted goes in the end, too.',
    }),
    'log.cleanup.policy',
  ),
  compressionType: withDefaults(
    choiceOption(
      'compression.type',
      ['producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'],
      {
        default: 'producer',
        doc:
          'Compression of the batches that the broker builds from single records (Publish). ' +
          '"producer" and "uncompressed": none. Batches that a client built are stored as they ' +
          'came, whatever their compression.',
      },
    ),
    'compression.type',
  ),
  compressionGzipLevel: withDefaults(
    intOption('compression.gzip.level', { default: '-1', min: -1, max: 9, doc: NO_COMPRESSION }),
    'compression.gzip.level',
  ),
  compressionLz4Level: withDefaults(
    intOption('compression.lz4.level', { default: '9', min: 1, max: 17, doc: NO_COMPRESSION }),
    'compression.lz4.level',
  ),
  compressionZstdLevel: withDefaults(
    intOption('compression.zstd.level', {
      default: '3',
      min: -131_072,
      max: 22,
      doc: NO_COMPRESSION,
    }),
    'compression.zstd.level',
  ),
  deleteRetentionMs: withDefaults(
    longOption('delete.retention.ms', {
      default: '86400000',
      min: 0,
      unit: 'ms',
      doc: 'How long a compacted topic keeps tombstones, and markers of transactions, once what they are about is gone.',
    }),
    'log.cleaner.delete.retention.ms',
  ),
  fileDeleteDelayMs: withDefaults(
    longOption('file.delete.delay.ms', {
      default: '60000',
      min: 0,
      unit: 'ms',
      doc: 'How long the files of a removed segment stay on disk, renamed, before they go.',
    }),
    'log.segment.delete.delay.ms',
  ),
  flushMessages: withDefaults(
    longOption('flush.messages', {
      default: LONG_MAX,
      min: 1,
      doc: 'Has no effect here: flush.policy decides when records are put on disk.',
    }),
    'log.flush.interval.messages',
  ),
  flushMs: withDefaults(
    longOption('flush.ms', {
      default: LONG_MAX,
      min: 0,
      unit: 'ms',
      doc: 'Has no effect here: flush.policy decides when records are put on disk.',
    }),
    'log.flush.interval.ms',
    'log.flush.scheduler.interval.ms',
  ),
  flushPolicy: withDefaults(
    choiceOption('flush.policy', ['disk', 'os'], {
      default: 'disk',
      doc:
        'When a record counts as safe. "disk": when it is on disk (fdatasync); only then is it ' +
        'acknowledged and shown to consumers. "os": when the operating system has it, as in ' +
        'Kafka: faster, and a power cut or a crash of the system loses the newest records.',
    }),
    'log.flush.policy',
  ),
  followerReplicationThrottledReplicas: withDefaults(
    throttledReplicas('follower.replication.throttled.replicas'),
  ),
  leaderReplicationThrottledReplicas: withDefaults(
    throttledReplicas('leader.replication.throttled.replicas'),
  ),
  indexIntervalBytes: withDefaults(
    intOption('index.interval.bytes', {
      default: '4096',
      min: 0,
      unit: 'bytes',
      doc: 'Bytes of records between two entries of the offset index.',
    }),
    'log.index.interval.bytes',
  ),
  maxCompactionLagMs: withDefaults(
    longOption('max.compaction.lag.ms', {
      default: LONG_MAX,
      min: 1,
      unit: 'ms',
      doc: 'Longest time that a record of a compacted topic stays uncompacted, whatever min.cleanable.dirty.ratio says.',
    }),
    'log.cleaner.max.compaction.lag.ms',
  ),
  maxMessageBytes: withDefaults(
    intOption('max.message.bytes', {
      default: '1048588',
      min: 0,
      max: MAX_BATCH_BYTES,
      unit: 'bytes',
      doc: 'Largest record batch that is taken, as it is sent, compressed.',
    }),
    'message.max.bytes',
  ),
  messageTimestampAfterMaxMs: withDefaults(
    longOption('message.timestamp.after.max.ms', {
      default: '3600000',
      min: 0,
      unit: 'ms',
      doc:
        'How far the time of a record may lie after the broker’s; later records are refused. ' +
        'Records of the future keep their segment from ever growing old.',
    }),
    'log.message.timestamp.after.max.ms',
  ),
  messageTimestampBeforeMaxMs: withDefaults(
    longOption('message.timestamp.before.max.ms', {
      default: LONG_MAX,
      min: 0,
      unit: 'ms',
      doc: 'How far the time of a record may lie before the broker’s; older records are refused.',
    }),
    'log.message.timestamp.before.max.ms',
  ),
  messageTimestampType: withDefaults(
    choiceOption('message.timestamp.type', ['CreateTime', 'LogAppendTime'], {
      default: 'CreateTime',
      doc: 'The time that records keep: the producer’s, or the broker’s when it stores them.',
    }),
    'log.message.timestamp.type',
  ),
  minCleanableDirtyRatio: withDefaults(
    doubleOption('min.cleanable.dirty.ratio', {
      default: '0.5',
      min: 0,
      max: 1,
      doc: 'Share of a log that is uncompacted when compaction begins. Less: more work, and less room that is wasted.',
    }),
    'log.cleaner.min.cleanable.ratio',
  ),
  minCompactionLagMs: withDefaults(
    longOption('min.compaction.lag.ms', {
      default: '0',
      min: 0,
      unit: 'ms',
      doc: 'Shortest time that a record of a compacted topic stays uncompacted.',
    }),
    'log.cleaner.min.compaction.lag.ms',
  ),
  minInsyncReplicas: withDefaults(
    intOption('min.insync.replicas', {
      default: '1',
      min: 1,
      doc:
        'In-sync replicas that must have a record before acks=all is answered. At most the ' +
        'topic’s replication factor, which is 1 as long as a cluster is one broker.',
    }),
    'min.insync.replicas',
  ),
  preallocate: withDefaults(
    booleanOption('preallocate', {
      default: 'false',
      doc: 'Has no effect here: files grow as records come.',
    }),
    'log.preallocate',
  ),
  retentionBytes: withDefaults(
    longOption('retention.bytes', {
      default: '-1',
      min: -1,
      unit: 'bytes',
      doc:
        'Size of a partition above which its oldest segments go. -1: any size. A segment goes ' +
        'only when the partition holds this much without it.',
    }),
    'log.retention.bytes',
  ),
  retentionMs: withDefaults(
    longOption('retention.ms', {
      default: '604800000',
      min: -1,
      unit: 'ms',
      doc: 'Age at which records go, a whole segment at a time. -1: they stay for ever.',
    }),
    'log.retention.ms',
    { name: 'log.retention.minutes', factor: MINUTE_MS },
    { name: 'log.retention.hours', factor: HOUR_MS },
  ),
  segmentBytes: withDefaults(
    intOption('segment.bytes', {
      default: '1073741824',
      min: 1_048_576,
      unit: 'bytes',
      doc: 'Size at which a new segment begins. Retention takes whole segments.',
    }),
    'log.segment.bytes',
  ),
  segmentIndexBytes: withDefaults(
    intOption('segment.index.bytes', {
      default: '10485760',
      min: 4,
      unit: 'bytes',
      doc: 'Largest size of an index file; a new segment begins when an index is full.',
    }),
    'log.index.size.max.bytes',
  ),
  segmentJitterMs: withDefaults(
    longOption('segment.jitter.ms', {
      default: '0',
      min: 0,
      unit: 'ms',
      doc: 'Has no effect yet: segments roll at segment.ms exactly.',
    }),
    'log.roll.jitter.ms',
    { name: 'log.roll.jitter.hours', factor: HOUR_MS },
  ),
  segmentMs: withDefaults(
    longOption('segment.ms', {
      default: '604800000',
      min: 1,
      unit: 'ms',
      doc: 'Age of a segment’s first record at which a new segment begins.',
    }),
    'log.roll.ms',
    { name: 'log.roll.hours', factor: HOUR_MS },
  ),
  uncleanLeaderElectionEnable: withDefaults(
    booleanOption('unclean.leader.election.enable', {
      default: 'false',
      doc:
        'Whether a replica that is not in sync may lead when no other is left, and lose records. ' +
        'Has no effect as long as a cluster is one broker.',
    }),
    'unclean.leader.election.enable',
  ),
}

export type TopicOptions = typeof TOPIC_OPTIONS

/**
 * Everything that is configured for a topic, by Kafka's names in camel case. It has all fields of
 * storage's `LogConfig`.
 */
export type TopicConfig = Values<TopicOptions>

/** Any option of a topic. */
export type AnyTopicOption = TopicOption<unknown>

/** The options by name, in the order of their names. */
export const TOPIC_OPTION_BY_NAME: ReadonlyMap<string, AnyTopicOption> = new Map(
  Object.values(TOPIC_OPTIONS)
    .map((option: AnyTopicOption) => [option.name, option] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1)),
)
