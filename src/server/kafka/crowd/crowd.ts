// Requests and answers of very many names. What takes long is done in slices, so that other clients
// are served between them, and their memory is bounded over all connections.
//
//   frame ─► memory? ─► read ─► part ─► part ─► … ─► join ─► write ─► answer
//              wait     slices  a few parts a slice          slices
//
// Few names take none of this: dispatch.ts reads, begins and writes them at once.

import { BrokerError } from '../../../base/errors.ts'
import type { Slices } from '../../../io/slices.ts'
import { ReceiveBudget } from '../../../network/receive-budget.ts'
import type { Dispatch, OpenedRequest } from '../dispatch.ts'
import type { Begun, KafkaContext } from '../handler.ts'
import { type Cut, cutFor, JoinedAnswer, partsOf } from './cut.ts'
import { Stay } from './stay.ts'

const PART_SIZE = 64

export interface CrowdOptions {
  readonly slices: Slices
  /** Memory of crowded requests of all connections, in bytes; one of them always goes on. */
  readonly maxBytes: number
  /** Names of a request that a handler is given at once. Default: 64. */
  readonly partSize?: number
}

/** A request that is served in parts. */
interface CutRequest {
  readonly request: OpenedRequest
  readonly context: KafkaContext
  readonly stay: Stay
  readonly cut: Cut
}

export class Crowd {
  readonly #slices: Slices
  readonly #memory: ReceiveBudget
  readonly #partSize: number
  /** Those that have their memory. */
  readonly #stays = new Set<Stay>()

  constructor({ slices, maxBytes, partSize = PART_SIZE }: CrowdOptions) {
    this.#slices = slices
    this.#partSize = partSize
    this.#memory = new ReceiveBudget(maxBytes)
  }

  /** Memory of the requests that are under way, in bytes, roughly. */
  get usedBytes(): number {
    return this.#memory.usedBytes
  }

  /** Resolves when there is memory for a request. @param frameBytes its size */
  async enter(frameBytes: number, client: AbortSignal): Promise<Stay> {
    while (this.#memory.exhausted) {
      // Those that only wait for something to happen are to make room.
      for (const stay of this.#stays) stay.hurry()
      await new Promise<void>((resolve) => this.#memory.wait({ roomFreed: resolve }))
    }
    const stay = new Stay(frameBytes, this.#memory, client, () => void this.#stays.delete(stay))
    this.#stays.add(stay)
    return stay
  }

  /** As Dispatch.open. @throws UnservableRequest, DecodeError */
  open(dispatch: Dispatch, frame: Buffer, stay: Stay): Promise<OpenedRequest> {
    return this.#slices.run(dispatch.openInSteps(frame, stay))
  }

  /** As Dispatch.begin. */
  begin(
    dispatch: Dispatch,
    request: OpenedRequest,
    context: KafkaContext,
    stay: Stay,
  ): Begun<unknown> {
    const cut = cutFor(request.served.handler.cuts ?? [], request.message)
    if (cut === null) return this.#whole(dispatch, request, context)
    let allBegun!: () => void
    const begun = new Promise<void>((resolve) => {
      allBegun = resolve
    })
    const done = this.#parts(dispatch, { request, context, stay, cut }, allBegun).finally(allBegun)
    return { begun, done }
  }

  /** As Dispatch.frameOf. */
  frameOf(dispatch: Dispatch, request: OpenedRequest, answer: unknown): Promise<Buffer[] | null> {
    return this.#slices.run(dispatch.frameInSteps(request, answer))
  }

  #whole(dispatch: Dispatch, request: OpenedRequest, context: KafkaContext): Begun<unknown> {
    const begins = this.#slices.next().then(() => dispatch.begin(request, context))
    return {
      begun: begins.then(({ begun }) => begun ?? undefined),
      done: begins.then(({ done }) => done),
    }
  }

  /** @throws what the handler does, where its refusal is to close the connection */
  async #parts(
    dispatch: Dispatch,
    { request, context, stay, cut }: CutRequest,
    allBegun: () => void,
  ): Promise<unknown> {
    const { handler } = request.served
    const joined = new JoinedAnswer(cut.answered)
    const answers: { readonly answer: Promise<unknown>; readonly joint: number }[] = []
    const joinOne = async ({ answer, joint }: (typeof answers)[number]): Promise<void> => {
      const one = await answer
      if (one !== null) joined.add(one, joint)
      if (this.#slices.over) await this.#slices.next()
    }
    for (const cutOff of partsOf(request.message, cut, this.#partSize)) {
      if (this.#slices.over) await this.#slices.next()
      if (stay.isOver) throw new BrokerError('REQUEST_TIMED_OUT')
      if (cutOff === null) continue
      const { message, joint } = cutOff
      const part = { ...request, message }
      const { begun, done } = dispatch.begin(part, context)
      const answer = done.catch((error: unknown) => {
        const refusal = dispatch.refusal(part, error, context)
        if (refusal === null) throw error
        return refusal
      })
      answer.catch(() => {}) // awaited by joinOne
      if (!handler.pipelined) await joinOne({ answer, joint })
      else answers.push({ answer, joint })
      if (begun !== null) await begun
    }
    allBegun()
    for (const one of answers) await joinOne(one)
    return joined.whole
  }
}
