// DescribeLogDirs over the Kafka protocol.

import type { LogDirDescription, LogDirService } from '../../../../broker/admin/log-dir-service.ts'
import {
  DESCRIBE_LOG_DIRS,
  type DescribableLogDirTopic,
} from '../../../../protocol/kafka/gen/describe-log-dirs.ts'
import { handlerOf, type KafkaHandler } from '../../handler.ts'
import { errorFields } from '../error-fields.ts'

export interface LogDirHandlerServices {
  readonly logDirs: LogDirService
}

export function logDirHandlers({ logDirs }: LogDirHandlerServices): readonly KafkaHandler[] {
  const describeLogDirs = handlerOf(DESCRIBE_LOG_DIRS, {
    handle: ({ topics }, { caller }) => {
      const described = logDirs.describe(caller, topics === null ? null : wantedOf(topics))
      return { throttleTimeMs: 0, errorCode: 0, results: described.map(directoryResult) }
    },
    refuse: (_request, error) => {
      return { throttleTimeMs: 0, errorCode: errorFields(error).errorCode, results: [] }
    },
  })
  return [describeLogDirs]
}

function wantedOf(topics: readonly DescribableLogDirTopic[]): Map<string, Set<number>> {
  const wanted = new Map<string, Set<number>>()
  for (const { topic, partitions } of topics) {
    const found = wanted.get(topic) ?? new Set<number>()
    for (const partition of partitions) found.add(partition)
    wanted.set(topic, found)
  }
  return wanted
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
