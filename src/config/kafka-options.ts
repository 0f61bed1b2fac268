// Options of Kafka's brokers that mean something else here, or nothing: files and environments that
// were written for Kafka are to start this broker too.

/** Kafka's names of options that have another name here. */
export const RENAMED: ReadonlyMap<string, string> = new Map([
  ['broker.id', 'node.id'],
  ['log.dirs', 'data.dir'],
  ['log.dir', 'data.dir'],
])

const KRAFT = 'the embedded metadata store needs no quorum'
const LISTENER = 'the fronts have options of their own: listeners.kafka, advertised.listeners.kafka'
const SOCKETS = 'the system sizes the buffers of sockets'
const SHARE_GROUPS = 'share groups come with a later release'
const WAKING = 'requests that wait for the end of a transaction are woken by it'
const LOADING = 'logs of coordinators are read by the batch'
const TWO_PHASES = 'two-phase commits (KIP-939) come with a later release'
const THREADS = 'the broker runs on one event loop'
const CHECKPOINTS = 'log start offsets are saved with recovery points, and before records go'
const LOAD_FACTOR = 'the memory for keys is filled to nine tenths, which is its default'
const REPLICATION = 'replication comes with a later release'

/** Options that are accepted and have no effect, with the reason. */
export const WITHOUT_EFFECT: ReadonlyMap<string, string> = new Map([
  ['process.roles', KRAFT],
  ['controller.quorum.voters', KRAFT],
  ['controller.quorum.bootstrap.servers', KRAFT],
  ['controller.listener.names', KRAFT],
  ['metadata.log.dir', KRAFT],
  ['listeners', LISTENER],
  ['advertised.listeners', LISTENER],
  ['listener.security.protocol.map', LISTENER],
  ['inter.broker.listener.name', LISTENER],
  ['socket.send.buffer.bytes', SOCKETS],
  ['socket.receive.buffer.bytes', SOCKETS],
  ['num.network.threads', THREADS],
  ['num.io.threads', THREADS],
  ['num.recovery.threads.per.data.dir', THREADS],
  ['background.threads', THREADS],
  ['offsets.topic.replication.factor', REPLICATION],
  ['share.coordinator.state.topic.replication.factor', SHARE_GROUPS],
  ['share.coordinator.state.topic.min.isr', SHARE_GROUPS],
  ['transaction.state.log.replication.factor', REPLICATION],
  ['transaction.state.log.min.isr', REPLICATION],
  ['transaction.state.log.load.buffer.size', LOADING],
  ['transaction.two.phase.commit.enable', TWO_PHASES],
  ['add.partitions.to.txn.retry.backoff.ms', WAKING],
  ['log.flush.start.offset.checkpoint.interval.ms', CHECKPOINTS],
  ['log.cleaner.io.buffer.load.factor', LOAD_FACTOR],
  ['num.replica.fetchers', REPLICATION],
  ['replica.lag.time.max.ms', REPLICATION],
  ['replica.fetch.max.bytes', REPLICATION],
])

const SECURITY = /^(ssl|sasl|listener\.name|authorizer|security|principal|super\.users|password)\b/

/** Options that would protect the broker if they had an effect: to accept them would be a lie. */
export function isSecurityOption(name: string): boolean {
  return SECURITY.test(name)
}
