// Where produce reads: standard input, or a file.

import { realFileSystem } from '../io/real-file-system.ts'
import { Failure, systemReason } from './failure.ts'
import { isTerminal, tell } from './terminal.ts'

/** Size of a read of a file. */
const READ_BYTES = 1024 * 1024

export interface Source {
  /** The bytes. A chunk stays as it is when the next one is read. */
  readonly chunks: AsyncIterable<Uint8Array>
  /** Null where nobody knows, as with a pipe. */
  readonly sizeBytes: number | null
  /** Ends the chunks, even while more are waited for. */
  readonly stop: () => void
}

/**
 * @param path null: standard input
 * @throws Failure when there is no such file, or it can't be read
 */
export function openSource(path: string | null): Source {
  return path === null || path === '-' ? openInput() : openFile(path)
}

function openInput(): Source {
  const input = process.stdin
  let stopped = false
  if (isTerminal('stdin')) tell('type records, one a line; Ctrl-D ends')
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      yield* input as AsyncIterable<Uint8Array>
    } catch (error) {
      if (!stopped) throw new Failure(`can't read standard input: ${reasonOf(error)}`)
    }
  }
  return {
    chunks: chunks(),
    sizeBytes: sizeOfInput(),
    stop: () => {
      stopped = true
      input.destroy()
    },
  }
}

/** The size of standard input where it is a file, as with `< events.jsonl`. */
function sizeOfInput(): number | null {
  if (isTerminal('stdin')) return null
  try {
    const file = realFileSystem.open('/dev/stdin', 'read')
    const { sizeBytes } = file
    file.close()
    return sizeBytes > 0 ? sizeBytes : null
  } catch {
    // A socket, or a system without /dev/stdin: the size is for the progress bar alone.
    return null
  }
}

function openFile(path: string): Source {
  const file = orFailure(path, () => realFileSystem.open(path, 'read'))
  let stopped = false
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      for (let positionBytes = 0; !stopped;) {
        const chunk = Buffer.allocUnsafe(READ_BYTES)
        const sizeBytes = await file.readCold(chunk, positionBytes)
        if (sizeBytes === 0) return
        positionBytes += sizeBytes
        yield chunk.subarray(0, sizeBytes)
      }
    } catch (error) {
      throw unreadable(path, error)
    } finally {
      file.close()
    }
  }
  const stop = (): void => {
    stopped = true
  }
  return { chunks: chunks(), sizeBytes: file.sizeBytes, stop }
}

function orFailure<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw unreadable(path, error)
  }
}

function unreadable(path: string, error: unknown): Failure {
  const { code } = error as NodeJS.ErrnoException
  const reason = code === 'ESPIPE' ? 'it is a pipe, for standard input: < FILE' : reasonOf(error)
  return new Failure(`can't read --file ${path}: ${reason}`)
}

function reasonOf(error: unknown): string {
  return systemReason(error) ?? String(error)
}
