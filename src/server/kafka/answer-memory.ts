// Memory of one answer, from when it is read into until it is sent: counted with its connection's.

import type { AnswerMemory, MemoryWaiter } from '../../broker/fetch/answer-memory.ts'
import type { ServerConnection } from '../../network/server-connection.ts'

/** An answer on its way. */
export interface HeldAnswer {
  /** What the connection was told to hold for it, in bytes. */
  heldBytes: number
  /** Memory that its parts lie in, lent by the connection; null when it has none. */
  lent: Buffer[] | null
}

type AnsweringConnection = Pick<ServerConnection, 'sendBudget' | 'park' | 'lend'>

export class SlotMemory implements AnswerMemory {
  readonly #connection: AnsweringConnection
  readonly #slot: HeldAnswer

  constructor(connection: AnsweringConnection, slot: HeldAnswer) {
    this.#connection = connection
    this.#slot = slot
  }

  get tight(): boolean {
    return this.#connection.sendBudget.tight
  }

  allowance(wantedBytes: number, hasBytes: number): number {
    return this.#connection.sendBudget.allowance(wantedBytes, hasBytes)
  }

  buffer(sizeBytes: number): Buffer {
    const memory = this.#connection.lend(sizeBytes)
    ;(this.#slot.lent ??= []).push(memory)
    return memory
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
