// Histories on disk: operations one after another, nothing between them. A process that is killed may
// leave a part of one at the end, which says nothing and is passed over.

import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { OPERATION_BYTES, OperationCursor, writeOperation, type Operation } from './operation.ts'

const READ_OPERATIONS = 8_192
const WRITE_OPERATIONS = 1_024

/** What can be read again and again, from the beginning. The operation is valid until the next. */
export interface History {
  operations(): Iterable<Operation>
}

/** Files of one history. The order of operations is not that in which things happened. */
export function historyFiles(paths: readonly string[]): History {
  return {
    *operations() {
      for (const path of paths) yield* operationsOf(path)
    },
  }
}

function* operationsOf(path: string): Generator<Operation> {
  const file = openSync(path, 'r')
  try {
    const cursor = new OperationCursor()
    const bytes = Buffer.allocUnsafe(READ_OPERATIONS * OPERATION_BYTES)
    let held = 0
    for (;;) {
      const count = readSync(file, bytes, held, bytes.byteLength - held, null)
      held += count
      const whole = held - (held % OPERATION_BYTES)
      for (let at = 0; at < whole; at += OPERATION_BYTES) yield cursor.moveTo(bytes, at)
      bytes.copyWithin(0, whole, held)
      held -= whole
      if (count === 0) return
    }
  } finally {
    closeSync(file)
  }
}

/** Where clients put down what they do. */
export interface HistorySink {
  add(each: Operation): void
  /** After this a kill loses nothing of what was put before. */
  flush(): void
  /** Once is enough. */
  close(): void
}

/** Appends operations to a file. */
export class HistoryWriter implements HistorySink {
  readonly #file: number
  readonly #bytes = Buffer.allocUnsafe(WRITE_OPERATIONS * OPERATION_BYTES)
  #held = 0
  #isClosed = false

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  add(each: Operation): void {
    writeOperation(this.#bytes, this.#held, each)
    this.#held += OPERATION_BYTES
    if (this.#held === this.#bytes.byteLength) this.flush()
  }

  flush(): void {
    let written = 0
    while (written < this.#held) {
      written += writeSync(this.#file, this.#bytes, written, this.#held - written)
    }
    this.#held = 0
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.flush()
    closeSync(this.#file)
  }
}
