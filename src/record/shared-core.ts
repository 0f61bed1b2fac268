// The storage core for who has none of their own: clients, which stand above record and not above
// wasm.

import { StorageCore } from '../wasm/storage-core.ts'

/**
 * The core of this process, loaded when it is first asked for.
 *
 * @throws the system's error when the compiled core is not there
 */
export function sharedCore(): StorageCore {
  return StorageCore.load()
}
