// partition.metadata: says which topic a partition directory belongs to, so that a topic that was
// deleted and made again by the same name does not find old records in it.
//
//   version: 0
//   topic_id: <22 characters of URL-safe base64>
//
// Source: apache/kafka, PartitionMetadataFile.java.

import type { Uuid } from '../base/uuid.ts'
import { readWholeFile, replaceFile, type FileSystem } from '../io/file-system.ts'

export const PARTITION_METADATA = 'partition.metadata'

export type PartitionMetadataRead =
  | { readonly state: 'read'; readonly topicId: Uuid }
  | { readonly state: 'missing' }
  | { readonly state: 'malformed'; readonly reason: string }

/** Reads the file of a partition directory. @throws the system's error when it cannot be read */
export function readPartitionMetadata(files: FileSystem, directory: string): PartitionMetadataRead {
  const path = `${directory}/${PARTITION_METADATA}`
  if (!files.exists(path)) return { state: 'missing' }
  const text = readWholeFile(files, path).toString('utf8')
  const match = /^version: (\d+)\ntopic_id: ([\w-]{22})\n?$/.exec(text)
  if (match === null) return { state: 'malformed', reason: 'is not two lines of version and id' }
  if (match[1] !== '0') return { state: 'malformed', reason: `has version ${match[1]}` }
  return { state: 'read', topicId: match[2]! }
}

export function writePartitionMetadata(files: FileSystem, directory: string, topicId: Uuid): void {
  replaceFile(files, `${directory}/${PARTITION_METADATA}`, partitionMetadataText(topicId))
}

/** What the file holds. */
export function partitionMetadataText(topicId: Uuid): string {
  return `version: 0\ntopic_id: ${topicId}`
}
