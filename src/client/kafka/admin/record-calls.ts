// Offsets and records of partitions, over Kafka: each is asked of its leader.

import { DELETE_RECORDS } from '../../../protocol/kafka/gen/delete-records.ts'
import type { AdminCalls, PartitionOffsets, PositionOf, RecordsDeleted } from '../../admin-calls.ts'
import { SluiceError } from '../../errors.ts'
import { sleep } from '../../sleep.ts'
import type { Isolation, PartitionRef, StartPosition, Transport } from '../../transport.ts'
import type { Cluster } from '../cluster.ts'
import { Deadline } from '../deadline.ts'
import { errorOfId } from '../kafka-error.ts'
import { EDGE, edgesOf, loadLeaders, lookUpOffsets } from '../offset-lookup.ts'
import type { FoundOffset, OffsetQuery } from '../offset-lookup.ts'
import { provesStale } from '../stale-metadata.ts'

/** Stands for the high watermark in DeleteRecords. */
const HIGH_WATERMARK = -1

/** How often leaders are looked up anew when they turn out to be others, and the wait before that. */
const MAX_MOVES = 3
const MOVE_WAIT_MS = 50

export function recordCalls(
  cluster: Cluster,
): Pick<AdminCalls, 'deleteRecords'> & Pick<Transport, 'listOffsets'> {
  return {
    async deleteRecords(topic, partitions, timeoutMs) {
      const deadline = new Deadline(cluster.clock, timeoutMs)
      const refs = partitions.map(({ partition }) => ({ topic, partition }))
      const unloaded = await loadLeaders(cluster, refs)
      const results = new Map<number, RecordsDeleted>()
      const byLeader = new Map<number, { partitionIndex: number; offset: number }[]>()
      for (const { partition, beforeOffset } of partitions) {
        const offset = beforeOffset === 'high-watermark' ? HIGH_WATERMARK : beforeOffset
        const leader = cluster.metadata.leader(topic, partition)
        if (leader instanceof SluiceError)
          results.set(partition, kept(partition, unloaded ?? leader))
        else {
          const entries = byLeader.get(leader.nodeId) ?? []
          byLeader.set(leader.nodeId, [...entries, { partitionIndex: partition, offset }])
        }
      }
      await Promise.all(
        [...byLeader].map(async ([nodeId, entries]) => {
          for (const result of await deleteAt(cluster, nodeId, topic, entries, deadline)) {
            results.set(result.partition, result)
          }
        }),
      )
      return partitions.map(({ partition }) => results.get(partition)!)
    },

    async listOffsets(partitions, isolation, timeoutMs) {
      const deadline = new Deadline(cluster.clock, timeoutMs)
      const results: PartitionOffsets[] = []
      let open = [...partitions.keys()]
      for (let moves = 0; ; moves++) {
        const asked = open.map((index) => partitions[index]!)
        const found = await findAll(cluster, asked, isolation, deadline)
        for (const [at, index] of open.entries()) results[index] = found[at]!
        open = open.filter((index) => mayHaveMoved(results[index]!))
        if (open.length === 0 || moves === MAX_MOVES || deadline.leftMs === 0) return results
        await sleep(cluster.clock, MOVE_WAIT_MS)
      }
    },
  }
}

async function deleteAt(
  cluster: Cluster,
  nodeId: number,
  topic: string,
  entries: readonly { readonly partitionIndex: number; readonly offset: number }[],
  deadline: Deadline,
): Promise<readonly RecordsDeleted[]> {
  try {
    const request = {
      topics: [{ name: topic, partitions: entries }],
      timeoutMs: Math.ceil(deadline.leftMs),
    }
    const answer = await cluster.call(nodeId, DELETE_RECORDS, request, deadline.leftMs)
    const told = answer.topics.flatMap(({ partitions }) => partitions)
    return entries.map(({ partitionIndex: partition }) => {
      const own = told.find(({ partitionIndex }) => partitionIndex === partition)
      if (own === undefined) return kept(partition, unanswered({ topic, partition }))
      const error = errorOfId(own.errorCode, null, { topic, partition })
      if (error === null) return { partition, logStartOffset: own.lowWatermark, error }
      if (provesStale(error)) cluster.metadata.markStale(topic)
      return kept(partition, error)
    })
  } catch (error) {
    const failure = SluiceError.from(error)
    if (provesStale(failure)) cluster.metadata.markStale(topic)
    return entries.map(({ partitionIndex }) => kept(partitionIndex, failure))
  }
}

function kept(partition: number, error: SluiceError): RecordsDeleted {
  return { partition, logStartOffset: -1, error }
}

/** Looks positions up. Of an offset it is only checked whether the partition holds it. */
async function findAll(
  cluster: Cluster,
  partitions: readonly PositionOf[],
  isolation: Isolation,
  deadline: Deadline,
): Promise<readonly PartitionOffsets[]> {
  const queries = partitions.flatMap((each) => queriesOf(each, isolation))
  const found = await lookUpOffsets(cluster, queries, deadline)
  let at = 0
  return partitions.map(({ topic, partition, position }) => {
    const own = found.slice(at, at + (position.kind === 'offset' ? 2 : 1))
    at += own.length
    return resultOf({ topic, partition }, position, own)
  })
}

function queriesOf(
  { topic, partition, position }: PositionOf,
  isolation: Isolation,
): readonly OffsetQuery[] {
  const at = (timestamp: number): OffsetQuery => ({ topic, partition, timestamp, isolation })
  switch (position.kind) {
    case 'earliest':
    case 'latest':
      return [at(EDGE[position.kind])]
    case 'timestamp':
      return [at(position.timestampMs)]
    case 'offset':
      // The partition holds what was not committed yet as well.
      return edgesOf({ topic, partition })
  }
}

function resultOf(
  { topic, partition }: PartitionRef,
  position: StartPosition,
  found: readonly FoundOffset[],
): PartitionOffsets {
  const error = found.find((each) => each.error !== null)?.error ?? null
  if (error !== null) return { topic, partition, offset: -1, timestampMs: -1, error }
  const { offset, timestamp } = found[0]!
  if (position.kind !== 'offset') return { topic, partition, offset, timestampMs: timestamp, error }
  const highWatermark = found[1]!.offset
  if (position.offset >= offset && position.offset <= highWatermark) {
    return { topic, partition, offset: position.offset, timestampMs: -1, error }
  }
  const facts = { topic, partition, logStartOffset: offset, highWatermark }
  const outside = new SluiceError('OFFSET_OUT_OF_RANGE', facts)
  return { topic, partition, offset: -1, timestampMs: -1, error: outside }
}

/** A missing partition is missing: metadata says so. Whoever is not the leader knows no offsets. */
function mayHaveMoved({ error }: PartitionOffsets): boolean {
  return error !== null && provesStale(error) && error.code !== 'UNKNOWN_TOPIC_OR_PARTITION'
}

function unanswered({ topic, partition }: PartitionRef): SluiceError {
  const message = 'The broker did not answer for the partition'
  return new SluiceError('UNKNOWN_SERVER_ERROR', { topic, partition }, { message })
}
