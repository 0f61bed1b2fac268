// How long a start takes after a crash, by what is stored and by what was not flushed.

import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { makeDirectory, openDirectory, removeDirectory } from './data-directory.ts'

export interface Recovery {
  readonly storedGb: number
  readonly tailMb: number
  /** What the checkpoint of recovery points was. */
  readonly checkpoint: 'kept' | 'lost'
  readonly openMs: number
  readonly checkedMb: number
}

/**
 * Opens a directory after a crash with `storedBytes` flushed and `tailBytes` not.
 *
 * @param losesCheckpoint all of it has to be checked then, for comparison
 */
export async function recovery(
  storedBytes: number,
  tailBytes: number,
  losesCheckpoint: boolean,
  parent?: string,
): Promise<Recovery> {
  const directory = makeDirectory(parent)
  const writer = join(import.meta.dirname, 'recovery-writer.ts')
  try {
    execFileSync(process.execPath, [writer, directory, String(storedBytes), String(tailBytes)])
  } catch (error) {
    if ((error as { signal?: string }).signal !== 'SIGKILL') throw error
  }
  if (losesCheckpoint) rmSync(join(directory, 'recovery-point-offset-checkpoint'))
  let checked = 0
  const begunMs = performance.now()
  const manager = await openDirectory(directory, {
    progress: ({ bytesDone }) => void (checked = bytesDone),
  })
  const openMs = performance.now() - begunMs
  await manager.close()
  removeDirectory(directory)
  return {
    storedGb: storedBytes / 1e9,
    tailMb: tailBytes / 1e6,
    checkpoint: losesCheckpoint ? 'lost' : 'kept',
    openMs,
    checkedMb: checked / 1e6,
  }
}
