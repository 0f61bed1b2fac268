// What may be configured for consumer groups. Kafka's names, types and defaults.
//
// Source: apache/kafka, GroupCoordinatorConfig.java.

import { MAX_PARTITIONS_PER_TOPIC } from '../base/limits.ts'
import { choiceOption, intOption, listOption, longOption } from './option.ts'

/** Members of a group that its coordinator has been tried with. Kafka's own default is no bound. */
const MAX_GROUP_SIZE = '5000'

export const GROUP_OPTIONS = {
  groupMinSessionTimeoutMs: intOption('group.min.session.timeout.ms', {
    default: '6000',
    min: 1,
    unit: 'ms',
    doc: 'Shortest session that a consumer of the classic protocol may ask for.',
  }),
  groupMaxSessionTimeoutMs: intOption('group.max.session.timeout.ms', {
    default: '1800000',
    min: 1,
    unit: 'ms',
    doc: 'Longest session that a consumer of the classic protocol may ask for.',
  }),
  groupInitialRebalanceDelayMs: intOption('group.initial.rebalance.delay.ms', {
    default: '3000',
    min: 0,
    unit: 'ms',
    doc:
      'How long an empty group of the classic protocol waits for more members before it assigns. ' +
      'A few that start together then share one rebalance. 0 for tests.',
  }),
  groupMaxSize: intOption('group.max.size', {
    default: MAX_GROUP_SIZE,
    min: 1,
    doc: 'Most members of a group of the classic protocol.',
  }),
  groupConsumerMaxSize: intOption('group.consumer.max.size', {
    default: MAX_GROUP_SIZE,
    min: 1,
    doc: 'Most members of a group of the consumer protocol (KIP-848).',
  }),
  groupConsumerSessionTimeoutMs: intOption('group.consumer.session.timeout.ms', {
    default: '45000',
    min: 1,
    unit: 'ms',
    doc: 'How long a member of the consumer protocol may be silent before it is put out.',
  }),
  groupConsumerHeartbeatIntervalMs: intOption('group.consumer.heartbeat.interval.ms', {
    default: '5000',
    min: 1,
    unit: 'ms',
    doc: 'How often members of the consumer protocol are told to send heartbeats.',
  }),
  groupConsumerAssignors: listOption('group.consumer.assignors', ['uniform', 'range'], {
    default: 'uniform,range',
    doc: 'How partitions are shared out in the consumer protocol. The first is the default.',
  }),
  groupConsumerMigrationPolicy: choiceOption(
    'group.consumer.migration.policy',
    ['disabled', 'upgrade', 'downgrade', 'bidirectional'],
    {
      default: 'bidirectional',
      doc:
        'Which way a group with members may change over while it runs: to the consumer protocol ' +
        'when a member of that joins, back to the classic one when the last such member leaves.',
    },
  ),
  offsetsRetentionMinutes: intOption('offsets.retention.minutes', {
    default: '10080',
    min: 1,
    unit: 'minutes',
    doc: 'How long the offsets of a group are kept after its last member left.',
  }),
  offsetsRetentionCheckIntervalMs: longOption('offsets.retention.check.interval.ms', {
    default: '600000',
    min: 1,
    unit: 'ms',
    doc: 'How often offsets that have outlived their group are looked for.',
  }),
  offsetMetadataMaxBytes: intOption('offset.metadata.max.bytes', {
    default: '4096',
    min: 0,
    max: 32_767,
    unit: 'bytes',
    doc: 'Most bytes of the text that a client may put beside a committed offset.',
  }),
  offsetsTopicNumPartitions: intOption('offsets.topic.num.partitions', {
    default: '50',
    min: 1,
    max: MAX_PARTITIONS_PER_TOPIC,
    doc:
      'Partitions of __consumer_offsets when it is made, at the first use of a group. A group ' +
      'belongs to one of them, so the number is never changed afterwards.',
  }),
  offsetsTopicSegmentBytes: intOption('offsets.topic.segment.bytes', {
    default: '104857600',
    min: 1_048_576,
    unit: 'bytes',
    doc: 'segment.bytes of __consumer_offsets when it is made.',
  }),
  offsetsTopicCompressionCodec: choiceOption(
    'offsets.topic.compression.codec',
    ['0', '1', '2', '3', '4'],
    {
      default: '0',
      doc:
        'How batches of __consumer_offsets are compressed, by the number of the codec: 0 not at ' +
        'all, 1 gzip, 2 snappy, 3 lz4, 4 zstd. Batches are small: there is little to gain.',
    },
  ),
}
