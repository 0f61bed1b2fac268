// The door to threads: work that must not hold up the event loop, in a thread of its own. Two sides that
// call each other's functions by name; what goes over is copied.

import { setPriority } from 'node:os'
import { parentPort, Worker } from 'node:worker_threads'

/** A thread, as the event loop sees it. */
export interface Thread {
  /** Calls a function of the thread. @throws Error with the name and fields of what it threw */
  call(name: string, argument?: unknown): Promise<unknown>

  /** Ends it, whatever it does. What was called fails. */
  stop(): Promise<void>
}

interface Call {
  readonly id: number
  readonly name: string
  readonly argument: unknown
}

interface Answer {
  readonly id: number
  readonly result?: unknown
  /** Name, message and fields of what was thrown. */
  readonly error?: Readonly<Record<string, unknown>>
}

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/** Memory of a thread's heap, in MiB; buffers are not counted. */
const HEAP_MB = 256

/** How far below the event loop its thread stands with the system's scheduler. */
const NICENESS = 10

/** Starts a thread. @param module a file that calls `serveThread` */
export function startThread(module: URL): Thread {
  const worker = new Worker(module, { resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } })
  const waiting = new Map<number, Waiting>()
  let nextId = 0
  let failure: Error | null = null
  const fail = (error: Error): void => {
    failure ??= error
    for (const { reject } of waiting.values()) reject(failure)
    waiting.clear()
  }
  worker.unref()
  worker.on('message', ({ id, result, error }: Answer) => {
    const call = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) call?.resolve(result)
    else call?.reject(Object.assign(new Error(String(error['message'])), error))
  })
  worker.on('error', (error) => fail(error as Error))
  worker.on('exit', () => fail(new Error('the thread has ended')))
  return {
    call(name, argument) {
      if (failure !== null) return Promise.reject(failure)
      return new Promise((resolve, reject) => {
        const call: Call = { id: nextId++, name, argument }
        waiting.set(call.id, { resolve, reject })
        worker.postMessage(call)
      })
    },
    async stop() {
      await worker.terminate()
    },
  }
}

/** Answers calls of the event loop from now on. To be called once, in a thread. */
export function serveThread(
  functions: Readonly<Record<string, (argument: never) => Promise<unknown>>>,
): void {
  const port = parentPort!
  stepBack()
  port.on('message', ({ id, name, argument }: Call) => {
    functions[name]!(argument as never).then(
      (result) => port.postMessage({ id, result }),
      (error: Error) => {
        const fields = { ...error, name: error.name, message: error.message, cause: undefined }
        port.postMessage({ id, error: fields })
      },
    )
  })
}

// Linux gives each thread a priority of its own; elsewhere it would be that of the process.
function stepBack(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(0, NICENESS)
  } catch {
    // Not allowed here: it runs as everybody does.
  }
}
