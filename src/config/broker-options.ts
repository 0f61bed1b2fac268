// What may be configured for a broker, beside the defaults of its topics (topic-defaults.ts). Kafka's
// names, types and defaults where Kafka has the option.
//
// Source: apache/kafka, KafkaConfig.java, ServerConfigs.java, ServerLogConfigs.java.

import { MAX_BATCH_BYTES, MAX_PARTITIONS_PER_TOPIC } from '../base/limits.ts'
import { parseHostPort, type HostPort } from './address.ts'
import { CLEANER_OPTIONS } from './cleaner-options.ts'
import { GROUP_OPTIONS } from './group-options.ts'
import {
  booleanOption,
  choiceOption,
  intOption,
  longOption,
  textOption,
  type AnyOption,
  type Option,
  type Values,
} from './option.ts'
import { SECURITY_OPTIONS } from './security-options.ts'
import { TOPIC_DEFAULTS } from './topic-defaults.ts'
import { TRANSACTION_OPTIONS } from './transaction-options.ts'

function listener(name: string, address: string, doc: string): Option<HostPort | 'off'> {
  return textOption(name, {
    default: address,
    allowed: 'host:port with a port of 0 to 65535, or off',
    doc: `${doc} Port 0 takes any free port; "off" does not listen.`,
    parse: (text) => (text === 'off' ? 'off' : parseHostPort(text)),
  })
}

function advertised(name: string, front: string): Option<HostPort | 'same'> {
  return textOption(name, {
    default: '',
    allowed: 'host:port with a port of 1 to 65535, or nothing',
    doc:
      `Where clients reach the ${front} front, when that is not the address it listens on. Empty: ` +
      'the address it listens on.',
    parse: (text): HostPort | 'same' | null => {
      if (text === '') return 'same'
      const address = parseHostPort(text)
      return address === null || address.port === 0 ? null : address
    },
  })
}

export const BROKER_OPTIONS = {
  nodeId: intOption('node.id', {
    default: '1',
    min: 0,
    doc: 'Number of this broker in its cluster.',
  }),
  brokerRack: textOption('broker.rack', {
    default: '',
    allowed: 'any text',
    doc: 'Where the broker stands, as in a zone of a cloud. Clients are told.',
    parse: (text) => text,
  }),
  dataDir: textOption('data.dir', {
    default: './sluice-data',
    allowed: 'one directory',
    doc: 'Where the broker keeps its data. One broker at a time may use a directory.',
    parse: (text) => (text === '' || text.includes('\0') || text.includes(',') ? null : text),
  }),
  listenersGrpc: listener(
    'listeners.grpc',
    '127.0.0.1:9094',
    'Address of the gRPC front, which clients and the command line use.',
  ),
  listenersHttp: listener(
    'listeners.http',
    '127.0.0.1:9095',
    'Address of health checks and metrics.',
  ),
  listenersKafka: listener(
    'listeners.kafka',
    '127.0.0.1:9092',
    'Address of the Kafka protocol, which every Kafka client speaks.',
  ),
  advertisedListenersGrpc: advertised('advertised.listeners.grpc', 'gRPC'),
  advertisedListenersKafka: advertised('advertised.listeners.kafka', 'Kafka'),
  allowInsecureListeners: booleanOption('allow.insecure.listeners', {
    default: 'false',
    doc:
      'Whether listeners may take addresses that other machines can reach. There is no encryption ' +
      'yet, and only the Kafka front can ask who a client is (sasl.enabled.mechanisms), so whoever ' +
      'reaches the broker may read and delete everything.',
  }),
  numPartitions: intOption('num.partitions', {
    default: '1',
    min: 1,
    max: MAX_PARTITIONS_PER_TOPIC,
    doc: 'Partitions of a topic that is created without a number of its own, or by itself.',
  }),
  defaultReplicationFactor: intOption('default.replication.factor', {
    default: '1',
    min: 1,
    max: 1,
    doc: 'Replicas of a partition. One broker holds one; more come with clusters.',
  }),
  autoCreateTopicsEnable: booleanOption('auto.create.topics.enable', {
    default: 'true',
    doc: 'Whether a topic that is produced to, and does not exist, is created.',
  }),
  deleteTopicEnable: booleanOption('delete.topic.enable', {
    default: 'true',
    doc: 'Whether topics may be deleted.',
  }),
  logRetentionCheckIntervalMs: longOption('log.retention.check.interval.ms', {
    default: '300000',
    min: 1,
    unit: 'ms',
    doc: 'How often old segments are looked for.',
  }),
  logFlushOffsetCheckpointIntervalMs: longOption('log.flush.offset.checkpoint.interval.ms', {
    default: '5000',
    min: 1,
    unit: 'ms',
    doc:
      'How often recovery points and log start offsets are saved. They are saved sooner after much ' +
      'was written; after a crash, the next start reads what came since.',
  }),
  producerIdExpirationMs: intOption('producer.id.expiration.ms', {
    default: '86400000',
    min: 1,
    unit: 'ms',
    doc:
      'How long a partition remembers an idempotent producer that sends nothing. A batch that is sent ' +
      'again after that is stored again.',
  }),
  producerIdExpirationCheckIntervalMs: intOption('producer.id.expiration.check.interval.ms', {
    default: '600000',
    min: 1,
    unit: 'ms',
    doc: 'How often producers are looked for that may be forgotten.',
  }),
  maxProducerIds: intOption('max.producer.ids', {
    default: '200000',
    min: 1_000,
    doc:
      'Idempotent producers that all partitions together remember; one counts in each partition that ' +
      'it writes to. Beyond it those that sent nothing for longest are forgotten. Each takes up to ' +
      '800 bytes of memory.',
  }),
  fetchMaxBytes: intOption('fetch.max.bytes', {
    default: '57671680',
    min: 1_024,
    unit: 'bytes',
    doc: 'Most bytes of one answer to a fetch, whatever the client asks for.',
  }),
  fetchStreamsMax: intOption('fetch.streams.max', {
    default: '10000',
    min: 1,
    doc: 'Fetch streams and subscriptions that may be open at once.',
  }),
  queuedMaxRequestBytes: longOption('queued.max.request.bytes', {
    default: String(2 * MAX_BATCH_BYTES),
    min: MAX_BATCH_BYTES,
    unit: 'bytes',
    doc:
      'Bytes of batches that may be taken and not yet answered. Above it the broker stops reading ' +
      'from producers until it has caught up.',
  }),
  queuedMaxResponseBytes: longOption('queued.max.response.bytes', {
    default: '33554432',
    min: 1024 * 1024,
    unit: 'bytes',
    doc:
      'Bytes of answers that the Kafka front may hold for all of its clients, and the gRPC front as ' +
      'many. Above it answers are short, and who has not taken the last one gets no other; at twice ' +
      'as much, who takes nothing for longest is closed, then who would need over a minute for what ' +
      'he is sent. Kafka has no such bound. Raise it where many clients that are far away read large ' +
      'answers at once.',
  }),
  maxConnections: intOption('max.connections', {
    default: '10000',
    min: 1,
    doc:
      'Connections that the gRPC front holds at once, and the Kafka front as many; the next are ' +
      'closed as they come.',
  }),
  maxConnectionsPerIp: intOption('max.connections.per.ip', {
    default: '2147483647',
    min: 1,
    doc: 'Connections that the Kafka front holds at once from one address.',
  }),
  connectionsMaxIdleMs: longOption('connections.max.idle.ms', {
    default: '600000',
    min: 1,
    unit: 'ms',
    doc: 'After so long without any traffic, the Kafka front closes a connection.',
  }),
  socketRequestMaxBytes: intOption('socket.request.max.bytes', {
    default: '104857600',
    min: 1_024,
    unit: 'bytes',
    doc: 'Largest request that the Kafka front takes; a larger one closes its connection.',
  }),
  ...CLEANER_OPTIONS,
  ...GROUP_OPTIONS,
  ...TRANSACTION_OPTIONS,
  quotaWindowNum: intOption('quota.window.num', {
    default: '11',
    min: 1,
    max: 1_000,
    doc: 'Windows over which the rates of clients are measured, for their quotas.',
  }),
  quotaWindowSizeSeconds: intOption('quota.window.size.seconds', {
    default: '1',
    min: 1,
    max: 3_600,
    doc: 'Length of each such window. Nobody waits longer than all of them.',
  }),
  ...SECURITY_OPTIONS,
  logLevel: choiceOption('log.level', ['debug', 'info', 'warn', 'error'], {
    default: 'info',
    doc: 'Least weight of the lines that the broker writes to its own log.',
  }),
}

export type BrokerOptions = typeof BROKER_OPTIONS

/** The broker's own options, by Kafka's names in camel case. */
export type BrokerValues = Values<BrokerOptions>

/** Every option of a broker by name, in the order of their names. */
export const BROKER_OPTION_BY_NAME: ReadonlyMap<string, AnyOption> = new Map(
  [...Object.values(BROKER_OPTIONS), ...[...TOPIC_DEFAULTS.values()].map(({ option }) => option)]
    .map((option: AnyOption) => [option.name, option] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1)),
)
