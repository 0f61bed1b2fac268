// Everything that the logs of the coordinators have ever held, whatever compaction took of it since, and
// the states that come of it: of the whole history, of the logs as they are, and the one in memory.

import { GroupShard } from '../../src/coordination/group/group-shard.ts'
import { DEFAULT_GROUP_OPTIONS } from '../../src/coordination/group/group-options.ts'
import { decodeRecord } from '../../src/coordination/group/records/group-record.ts'
import type { LogEntry } from '../../src/coordination/runtime/coordinator-log.ts'
import { PartitionCoordinatorLog } from '../../src/coordination/runtime/partition-coordinator-log.ts'
import {
  transactionCodec,
  type TransactionValue,
} from '../../src/coordination/transaction/transaction-record.ts'
import { OFFSETS_TOPIC, TRANSACTIONS_TOPIC } from '../../src/metadata/internal-topics.ts'
import { BatchBuilder } from '../../src/record/batch-builder.ts'
import { isControl, isTransactional } from '../../src/record/batch-header.ts'
import {
  decodeBatch,
  openBatch,
  splitBatches,
  type BatchView,
} from '../../src/record/batch-reader.ts'
import { decodeMarker } from '../../src/record/control-record.ts'
import type { Partition } from '../../src/replication/partition.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { catalogOf, contentOf } from '../coordination/shard-fixture.ts'
import type { BrokerOfOne } from './broker-of-one.ts'

const core = StorageCore.load()

/** What coordinators know, in a form that can be compared: a row a key. */
export type KnownState = readonly (readonly [key: string, value: string])[]

/** The states of both topics, as the coordinators have them in memory. */
export function stateInMemory({ groups, transactions }: BrokerOfOne): KnownState {
  const rows = [...(groups.coordinator?.shards() ?? [])].flatMap(stateOfGroups)
  const shards = [...(transactions.coordinator?.shards() ?? [])]
  return [...rows, ...shards.flatMap((shard) => stateOfTransactions(shard.transactions))]
}

/** The states of both topics, as coordinators that load now would have them. */
export async function stateOfLogs(broker: BrokerOfOne): Promise<KnownState> {
  const rows: KnownState[number][] = []
  for (const partition of internalPartitions(broker)) {
    const entries: LogEntry[] = []
    // A batch or two at a time: compaction comes in between.
    const log = coordinatorLogOf(broker, partition, (offset, limits) => {
      return partition.read(offset, { ...limits, maxBytes: 150 })
    })
    await broker.settled(log.load((entry) => void entries.push(entry)))
    rows.push(...stateOf(partition, entries))
  }
  return rows
}

/** What was ever appended, and is still in the log or was taken from it by compaction. */
export class CoordinatorHistory {
  /** By partition, then offset. */
  readonly #entries = new Map<string, Map<number, LogEntry>>()

  /** To be called before compaction may begin: what was appended since the last call is put down. */
  async note(broker: BrokerOfOne): Promise<void> {
    for (const partition of internalPartitions(broker)) {
      const known = this.#entries.get(nameOf(partition)) ?? new Map<number, LogEntry>()
      this.#entries.set(nameOf(partition), known)
      const batches = await readBatches(broker, partition)
      for (const [offset, entry] of batches.flatMap(entriesOf)) known.set(offset, entry)
    }
  }

  /** The states of both topics, of all that ever was in their logs. */
  state(broker: BrokerOfOne): KnownState {
    return internalPartitions(broker).flatMap((partition) => {
      const known = this.#entries.get(nameOf(partition)) ?? new Map<number, LogEntry>()
      const inOrder = [...known].sort(([a], [b]) => a - b)
      return stateOf(
        partition,
        inOrder.map(([, entry]) => entry),
      )
    })
  }

  /** Entries that were put down, and that compaction has taken. */
  async takenCount(broker: BrokerOfOne): Promise<number> {
    let count = 0
    for (const partition of internalPartitions(broker)) {
      const batches = await readBatches(broker, partition)
      count += (this.#entries.get(nameOf(partition))?.size ?? 0) - batches.flatMap(entriesOf).length
    }
    return count
  }
}

function nameOf({ topic, partition }: Partition): string {
  return `${topic}-${partition}`
}

function internalPartitions({ cluster, replicas }: BrokerOfOne): Partition[] {
  return [OFFSETS_TOPIC, TRANSACTIONS_TOPIC].flatMap((topic) => {
    const partitions = cluster.store.image.topic(topic)?.partitions ?? []
    return partitions.map(({ partition }) => replicas.partition(topic, partition))
  })
}

/** The log of a partition as a coordinator reads it, through reads of the test's own. */
export function coordinatorLogOf(
  { clock }: BrokerOfOne,
  partition: Partition,
  read: Partition['read'],
): PartitionCoordinatorLog {
  const slow = new Proxy(partition, {
    get: (target, name) => {
      if (name === 'read') return read
      const value = Reflect.get(target, name, target) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return new PartitionCoordinatorLog({
    ...{ partition: () => slow, clock, codec: 'none' },
    newBuilder: (limitBytes) => new BatchBuilder(core, limitBytes),
    openBatch: (batch) => openBatch(core, batch),
  })
}

async function readBatches(broker: BrokerOfOne, partition: Partition): Promise<BatchView[]> {
  const batches: BatchView[] = []
  for (let offset = partition.logStartOffset; offset < partition.highWatermark;) {
    const limits = { maxBytes: 1_000_000, atLeastOneBatch: true }
    const slice = await broker.settled(Promise.resolve(partition.read(offset, limits)))
    const bytes = Buffer.from(slice.batches)
    batches.push(...splitBatches(bytes).batches)
    offset = slice.nextOffset
  }
  return batches
}

function entriesOf(batch: BatchView): [offset: number, entry: LogEntry][] {
  const { attributes, producerId } = batch.header
  return decodeBatch(core, batch).map(({ offset, key, value }): [number, LogEntry] => {
    if (isControl(attributes)) {
      const outcome = decodeMarker(key, value)!.type === 'commit' ? 'committed' : 'aborted'
      return [offset, { kind: 'marker', producerId, outcome }]
    }
    const by = isTransactional(attributes) ? producerId : null
    return [offset, { kind: 'record', record: { key: key!, value }, producerId: by }]
  })
}

function stateOf({ topic }: Partition, entries: readonly LogEntry[]): KnownState {
  if (topic === OFFSETS_TOPIC) {
    const shard = newGroupShard()
    for (const entry of entries) {
      if (entry.kind === 'marker') shard.replayMarker(entry.producerId, entry.outcome)
      else shard.replay(decodeRecord(entry.record.key, entry.record.value)!, entry.producerId)
    }
    return stateOfGroups(shard)
  }
  const transactions = new Map<string, TransactionValue>()
  for (const entry of entries) {
    if (entry.kind === 'marker') continue
    const { transactionalId, value } = transactionCodec.decode(
      entry.record.key,
      entry.record.value,
    )!
    if (value === null) transactions.delete(transactionalId)
    else transactions.set(transactionalId, value)
  }
  return stateOfTransactions(transactions)
}

function newGroupShard(): GroupShard {
  return new GroupShard({
    options: DEFAULT_GROUP_OPTIONS,
    catalog: catalogOf({}),
    newId: () => '',
  })
}

/** What is on record, and what waits for a marker. */
function stateOfGroups({ state }: GroupShard): KnownState {
  const pending = state.offsets.groupIds().flatMap((groupId) => {
    return state.offsets.partitionsOf(groupId).flatMap(({ topic, partition }) => {
      const waiting = state.offsets.pendingOf(groupId, topic, partition)
      if (waiting.length === 0) return []
      const offsets = waiting.map(({ value }) => value!.offset)
      return [[`pending ${groupId} ${topic} ${partition}`, offsets.join()] as const]
    })
  })
  return [...contentOf(state.records()), ...pending]
}

function stateOfTransactions(transactions: ReadonlyMap<string, TransactionValue>): KnownState {
  return [...transactions].map(([transactionalId, value]) => {
    const encoded = transactionCodec.encode({ transactionalId, value })
    return [`transaction ${transactionalId}`, Buffer.from(encoded.value!).toString('hex')]
  })
}

/** The first row that two states do not have in common; null where they are the same. */
export function differenceOf(left: KnownState, right: KnownState): string | null {
  const [of, other] = [new Map(left), new Map(right)]
  for (const key of new Set([...of.keys(), ...other.keys()])) {
    const [value, there] = [of.get(key) ?? 'nothing', other.get(key) ?? 'nothing']
    if (value !== there) return `${key}: ${value} and ${there}`
  }
  return null
}
