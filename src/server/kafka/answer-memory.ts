// Memory of one answer, from when it is read into until it is sent: counted with its connection's.

import type { AnswerMemory, MemoryWaiter } from '../../broker/fetch/answer-memory.ts'
import type { ServerConnection } from '../../network/server-connection.ts'

/** An answer on its way. */
export interface HeldAnswer {
  /** What the connection was told to hold for it, in bytes. */
  heldBytes: number
}

export class SlotMemory implements AnswerMemory {
  readonly #connection: Pick<ServerConnection, 'sendBudget' | 'park'>
  readonly #slot: HeldAnswer

  constructor(connection: Pick<ServerConnection, 'sendBudget' | 'park'>, slot: HeldAnswer) {
    this.#connection = connection
    this.#slot = slot
  }

  get tight(): boolean {
    return this.#connection.sendBudget.tight
  }

  allowance(wantedBytes: number, hasBytes: number): number {
    return this.#connection.sendBudget.allowance(wantedBytes, hasBytes)
  }

  take(deltaBytes: number): void {
    this.#slot.heldBytes += deltaBytes
    this.#connection.park(deltaBytes)
  }

  wait(waiter: MemoryWaiter): void {
    this.#connection.sendBudget.wait(waiter)
  }

  hoard(waiter: MemoryWaiter): void {
    this.#connection.sendBudget.hoard(waiter)
  }

  leave(waiter: MemoryWaiter): void {
    this.#connection.sendBudget.leave(waiter)
  }
}
