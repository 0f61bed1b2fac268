// The data directory before anything in it is opened: taken for this process, and asked whose it is.
//
//   <data.dir>/
//     meta.properties     cluster and node; written by storage/, which refuses a directory of others
//     metadata/           the metadata store, with a lock of its own: it is opened before the logs are
//     <topic>-<n>/        partitions

import { randomUuid, type Uuid } from '../base/uuid.ts'
import { parseProperties } from '../config/properties-file.ts'
import { makeDirectoryDurably, readWholeFile, type FileSystem } from '../io/file-system.ts'
import type { RandomSource } from '../io/random.ts'
import { wasStoppedCleanly } from '../storage/directory/log-directory.ts'

export interface DataDirectory {
  readonly path: string
  readonly metadataPath: string
  readonly clusterId: Uuid
  /** True when the stop before was clean, and when there was none. */
  readonly clean: boolean
  /** Gives the directory back. */
  readonly unlock: () => void
}

/**
 * Takes the directory, and makes it when it does not exist, with those above it. All of them are on
 * disk when this returns.
 *
 * @throws Error with code EBUSY when another process has it; the system's error
 */
export function takeDataDirectory(
  files: FileSystem,
  path: string,
  random: RandomSource,
): DataDirectory {
  const metadataPath = `${path}/metadata`
  makeDirectoryDurably(files, metadataPath)
  const unlock = files.lockDirectory(metadataPath)
  try {
    const found = readClusterId(files, path)
    const clusterId = found ?? randomUuid((count) => random.bytes(count))
    const clean = found === null || wasStoppedCleanly(files, path)
    return { path, metadataPath, clusterId, clean, unlock }
  } catch (error) {
    unlock()
    throw error
  }
}

/** @returns null when the directory is new */
function readClusterId(files: FileSystem, path: string): Uuid | null {
  const file = `${path}/meta.properties`
  if (!files.exists(file)) return null
  return parseProperties(readWholeFile(files, file).toString()).get('cluster.id') ?? null
}
