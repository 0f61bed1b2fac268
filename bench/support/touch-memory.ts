// Makes runs on a virtual machine comparable.

import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Fills and frees the page cache with as much as a run will write. A virtual machine gives free memory
 * back to its host within seconds and pays several times for its next first use, so without this it
 * would be the host's memory that is measured. Before every run, so that each finds the same.
 *
 * @param directory where a file may stand for a moment, on the disk that is measured
 */
export function touchMemory(directory: string): void {
  const path = join(directory, 'touch')
  const file = openSync(path, 'w')
  const chunk = Buffer.alloc(8 << 20, 1)
  for (let part = 0; part < 96; part++) writeSync(file, chunk)
  closeSync(file)
  rmSync(path)
}
