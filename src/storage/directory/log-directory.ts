// A data directory: whose it is, and what stands in it besides the partitions' own files.
//
//   meta.properties                     version=1, cluster.id, node.id, directory.id
//   .kafka_cleanshutdown                there while the last stop was a clean one
//   recovery-point-offset-checkpoint    \ checkpoints.ts
//   log-start-offset-checkpoint         /
//   commit-journal-<number>             journal-format.ts
//   clicks-3/                           a partition: topic, dash, partition
//   clicks-3.<32 digits>-delete/        one that was deleted, until its files are gone
//   clicks-3.<32 digits>-stray/         one that made way for a new topic of the same name
//
// Source: apache/kafka, MetaProperties.java, CleanShutdownFileHandler.java, UnifiedLog.java.

import { parsePartitionName, type TopicPartition } from '../../base/topic-partition.ts'
import { randomUuid, uuidBytes, type Uuid } from '../../base/uuid.ts'
import { readWholeFile, replaceFile, type FileSystem } from '../../io/file-system.ts'
import type { RandomSource } from '../../io/random.ts'

const META_PROPERTIES = 'meta.properties'
const CLEAN_SHUTDOWN = '.kafka_cleanshutdown'
const DELETE_SUFFIX = '-delete'
const STRAY_SUFFIX = '-stray'

/** Longest name of a file or directory, on every system that matters. */
const MAX_NAME_BYTES = 255

/** Whom a data directory must belong to. */
export interface DirectoryOwner {
  readonly clusterId: string
  readonly nodeId: number
}

/** A directory that is named like a partition's. */
export interface PartitionDirectory extends TopicPartition {
  readonly name: string
}

/**
 * Reads meta.properties, or writes it into a directory that has none.
 *
 * @returns the directory's own id
 * @throws Error when the directory belongs to another cluster or node, or the file is malformed; the
 *   system's error
 */
export function claimDirectory(
  files: FileSystem,
  directory: string,
  owner: DirectoryOwner,
  random: RandomSource,
): Uuid {
  const path = `${directory}/${META_PROPERTIES}`
  const found = files.exists(path) ? parseProperties(readWholeFile(files, path).toString()) : null
  const directoryId = found?.get('directory.id') ?? randomUuid((count) => random.bytes(count))
  if (found !== null) checkOwner(path, found, owner)
  checkId(path, directoryId)
  if (found?.has('directory.id') === true) return directoryId
  const lines = [
    `cluster.id=${owner.clusterId}`,
    `directory.id=${directoryId}`,
    `node.id=${owner.nodeId}`,
    'version=1',
  ]
  replaceFile(files, path, `${lines.join('\n')}\n`)
  return directoryId
}

/** True when the last stop was a clean one: every log ends where its checkpoint says. */
export function wasStoppedCleanly(files: FileSystem, directory: string): boolean {
  return files.exists(`${directory}/${CLEAN_SHUTDOWN}`)
}

/** Says that every log is on disk to its end. The last thing that a broker writes. */
export function writeCleanShutdown(files: FileSystem, directory: string): void {
  replaceFile(files, `${directory}/${CLEAN_SHUTDOWN}`, '{"version":0,"brokerEpoch":-1}')
}

/** Takes the marker away, before the first append can make it a lie. @throws the system's error */
export function removeCleanShutdown(files: FileSystem, directory: string): void {
  const path = `${directory}/${CLEAN_SHUTDOWN}`
  if (!files.exists(path)) return
  files.remove(path)
  files.syncDirectory(directory)
}

/** The directories that are named like a partition's, in the order of their names. */
export function listPartitions(files: FileSystem, directory: string): PartitionDirectory[] {
  const found: PartitionDirectory[] = []
  for (const name of files.list(directory).sort()) {
    const topicPartition = parsePartitionName(name)
    if (topicPartition === null || !files.isDirectory(`${directory}/${name}`)) continue
    found.push({ ...topicPartition, name })
  }
  return found
}

/** Names of deleted partitions whose files are still there. */
export function listDeleted(files: FileSystem, directory: string): string[] {
  return files.list(directory).filter((name) => /\.[0-9a-f]{32}-delete$/.test(name))
}

/** What a partition directory is called once the partition is deleted. */
export function deletedName(name: string, random: RandomSource): string {
  return asideName(name, DELETE_SUFFIX, random)
}

/** What a directory is called that nobody knows, when its name is needed. */
export function strayName(name: string, random: RandomSource): string {
  return asideName(name, STRAY_SUFFIX, random)
}

// The topic is cut where the whole would be longer than a name may be; the digits keep it unique.
function asideName(name: string, suffix: string, random: RandomSource): string {
  const end = `.${random.bytes(16).toString('hex')}${suffix}`
  const { topic, partition } = parsePartitionName(name)!
  const room = MAX_NAME_BYTES - end.length - `-${partition}`.length
  return `${topic.slice(0, room)}-${partition}${end}`
}

/** Lines of `key=value`; comments start with # or !. */
function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^#!\s=:][^\s=:]*)\s*[=:]\s*(.*?)\s*$/.exec(line)
    if (match !== null) properties.set(match[1]!, match[2]!)
  }
  return properties
}

function checkOwner(path: string, found: Map<string, string>, owner: DirectoryOwner): void {
  const cluster = found.get('cluster.id')
  if (cluster !== undefined && cluster !== owner.clusterId) {
    throw new Error(`${path} belongs to cluster ${cluster}, and this broker to ${owner.clusterId}`)
  }
  const node = found.get('node.id') ?? found.get('broker.id')
  if (node !== undefined && node !== String(owner.nodeId)) {
    throw new Error(`${path} belongs to node ${node}, and this broker is node ${owner.nodeId}`)
  }
}

function checkId(path: string, directoryId: string): void {
  try {
    uuidBytes(directoryId)
  } catch (error) {
    throw new Error(`${path} has a directory.id that is no id: ${directoryId}`, { cause: error })
  }
}
