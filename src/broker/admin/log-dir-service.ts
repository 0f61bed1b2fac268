// Log directories: where this broker keeps partitions, and how much of the disk they take.

import { isAbsolute, resolve } from 'node:path'
import type { TopicPartition } from '../../base/topic-partition.ts'
import type { Caller } from '../caller.ts'

export interface LogDirServiceOptions {
  /** The one directory of this broker. */
  readonly directory: string
  readonly partitions: {
    /** Those that this broker holds, in any order. */
    partitions(): Iterable<TopicPartition & { readonly sizeBytes: number }>
  }
  readonly disk: {
    freeBytes(path: string): number
    totalBytes(path: string): number
  }
}

export interface LogDirPartition {
  readonly partition: number
  /** Of all segments. */
  readonly sizeBytes: number
}

export interface LogDirDescription {
  /** Absolute. */
  readonly path: string
  /** By name; partitions by number. Topics without a partition here are left out. */
  readonly topics: readonly (readonly [topic: string, partitions: readonly LogDirPartition[]])[]
  /** Of the disk that holds the directory; Infinity when it has no end. */
  readonly totalBytes: number
  readonly usableBytes: number
}

/** Whether a partition is among those that are asked for. */
export type WantedPartitions = (topic: string, partition: number) => boolean

export class LogDirService {
  readonly #options: LogDirServiceOptions

  constructor(options: LogDirServiceOptions) {
    this.#options = options
  }

  /** The log directories, one as long as a broker has one. @param wanted null for all partitions */
  describe(_caller: Caller, wanted: WantedPartitions | null): readonly LogDirDescription[] {
    const { directory, disk, partitions } = this.#options
    const found = new Map<string, LogDirPartition[]>()
    for (const { topic, partition, sizeBytes } of partitions.partitions()) {
      if (wanted !== null && !wanted(topic, partition)) continue
      const ofTopic = found.get(topic)
      if (ofTopic === undefined) found.set(topic, [{ partition, sizeBytes }])
      else ofTopic.push({ partition, sizeBytes })
    }
    for (const ofTopic of found.values()) ofTopic.sort((a, b) => a.partition - b.partition)
    return [
      {
        path: isAbsolute(directory) ? directory : resolve(directory),
        topics: [...found].sort(([a], [b]) => (a < b ? -1 : 1)),
        totalBytes: disk.totalBytes(directory),
        usableBytes: disk.freeBytes(directory),
      },
    ]
  }
}
