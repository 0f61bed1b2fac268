// How much memory the process may have.

import os from 'node:os'
import process from 'node:process'

/** Memory of the machine, or of the container that the process runs in, in bytes. */
export function memoryBytes(): number {
  const machineBytes = os.totalmem()
  const limitBytes = process.constrainedMemory()
  // 0 where it is not known; more than the machine has where there is no limit.
  return limitBytes > 0 ? Math.min(machineBytes, limitBytes) : machineBytes
}
