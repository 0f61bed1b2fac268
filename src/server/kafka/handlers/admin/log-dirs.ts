// DescribeLogDirs over the Kafka protocol.

import type {
  LogDirDescription,
  LogDirService,
  WantedPartitions,
} from '../../../../broker/admin/log-dir-service.ts'
import {
  DESCRIBE_LOG_DIRS,
  type DescribableLogDirTopic,
} from '../../../../protocol/kafka/gen/describe-log-dirs.ts'
import { handlerOf, type KafkaHandler } from '../../handler.ts'
import { checkCount, errorFields } from '../error-fields.ts'

export interface LogDirHandlerServices {
  readonly logDirs: LogDirService
}

/** Most topics of a request; null asks for all, however many there are. */
const MAX_TOPICS = 20_000

export function logDirHandlers({ logDirs }: LogDirHandlerServices): readonly KafkaHandler[] {
  const describeLogDirs = handlerOf(DESCRIBE_LOG_DIRS, {
    handle: ({ topics }, { caller }) => {
      checkCount(topics?.length ?? 0, MAX_TOPICS, 'topics')
      const described = logDirs.describe(caller, topics === null ? null : wantedOf(topics))
      return { throttleTimeMs: 0, errorCode: 0, results: described.map(directoryResult) }
    },
    refuse: (_request, error) => {
      return { throttleTimeMs: 0, errorCode: errorFields(error).errorCode, results: [] }
    },
  })
  return [describeLogDirs]
}

/** Sets are made for topics that there are, and no others: a client may name any number. */
function wantedOf(topics: readonly DescribableLogDirTopic[]): WantedPartitions {
  const asked = new Map<string, (readonly number[])[]>()
  for (const { topic, partitions } of topics) {
    const lists = asked.get(topic)
    if (lists === undefined) asked.set(topic, [partitions])
    else lists.push(partitions)
  }
  const sets = new Map<string, ReadonlySet<number>>()
  return (topic, partition) => {
    const known = sets.get(topic)
    if (known !== undefined) return known.has(partition)
    const lists = asked.get(topic)
    if (lists === undefined) return false
    const set = new Set(lists.flat())
    sets.set(topic, set)
    return set.has(partition)
  }
}

function directoryResult({ path, topics, totalBytes, usableBytes }: LogDirDescription) {
  return {
    errorCode: 0,
    logDir: path,
    topics: topics.map(([name, partitions]) => ({
      name,
      partitions: partitions.map(({ partition, sizeBytes }) => {
        return {
          partitionIndex: partition,
          partitionSize: sizeBytes,
          offsetLag: 0,
          isFutureKey: false,
        }
      }),
    })),
    totalBytes: numberOrUnknown(totalBytes),
    usableBytes: numberOrUnknown(usableBytes),
  }
}

function numberOrUnknown(bytes: number): number {
  return Number.isFinite(bytes) ? bytes : -1
}
