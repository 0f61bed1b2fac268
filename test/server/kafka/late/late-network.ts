// The network between clients and the broker of one schedule: requests wait in it until it delivers one,
// answers get lost, and copies of requests come when the transaction that they are of is long over.

import { errorCodeOf } from '../../../../src/base/errors.ts'
import type { Api } from '../../../../src/protocol/kafka/message-codec.ts'
import type { SeededRandom } from '../../../support/seeded-random.ts'
import type { MemoryClient } from '../memory-client.ts'
import { readAnswer, requestFrame, type MemoryFront } from '../memory-front.ts'

/** No answer comes: whether the request was done is not known. */
export class Lost extends Error {}

/** A transactional id, whoever uses it. */
export interface Sender {
  /** Transactions that its producers were told to have ended. */
  ended: number
}

type AnyApi = Api<unknown, never, unknown, never>

interface Request {
  readonly api: AnyApi
  readonly version: number
  readonly frame: Buffer
  /** Null: nobody waits for the answer. */
  readonly caller: PromiseWithResolvers<unknown> | null
  /** What it did is done, and its caller does not hear of it. */
  readonly losesAnswer: boolean
}

/** A request that the broker has. */
interface UnderWay {
  readonly request: Request
  readonly client: MemoryClient
}

/** A copy that the network has kept. */
interface Kept {
  readonly request: Request
  readonly sender: Sender
  readonly endedBefore: number
}

/** Requests of an API that came late, and what they were answered. */
export interface LateCount {
  kept: number
  arrived: number
  /** By name; 'NONE' is that nothing was refused. */
  readonly answers: Map<string, number>
}

/** Of the requests that may be late: how many of them are. */
const [STRANDED, COPIED] = [0.12, 0.12]
/** Of those that come late: how many are of the transaction before, where there are any. */
const OF_LAST = 0.7
/** Of all: how many answers never come. */
const ANSWER_LOST = 0.05

export class LateNetwork {
  readonly counts = new Map<string, LateCount>()
  readonly #random: SeededRandom
  readonly #lateApis: ReadonlySet<number>
  /** False: from now on nothing new goes wrong. */
  isBad = true
  #waiting: Request[] = []
  #underWay: UnderWay[] = []
  #kept: Kept[] = []

  /** @param lateApis keys of those whose requests may come late */
  constructor(random: SeededRandom, lateApis: ReadonlySet<number>) {
    this.#random = random
    this.#lateApis = lateApis
  }

  get keptCount(): number {
    return this.#kept.length
  }

  /**
   * Asks, once.
   *
   * @param sender whose transaction the request is of; null: the network does nothing to it
   * @throws Lost
   */
  async call<Init, Response>(
    api: Api<unknown, Init, Response, never>,
    version: number,
    message: Init,
    sender: Sender | null,
  ): Promise<Response> {
    const frame = requestFrame(api, version, message)
    const caller = Promise.withResolvers<unknown>()
    const isBad = this.isBad && sender !== null
    const losesAnswer = isBad && this.#random.chance(ANSWER_LOST)
    const request = { api: api as unknown as AnyApi, version, frame, caller, losesAnswer }
    if (isBad && this.#lateApis.has(api.key)) {
      const isStranded = this.#random.chance(STRANDED)
      if (isStranded || this.#random.chance(COPIED)) this.#keep(request, sender)
      if (isStranded) throw new Lost()
    }
    this.#waiting.push(request)
    return (await caller.promise) as Response
  }

  /** Puts a request into the network that nobody waits for, to come late. */
  keep<Init>(
    api: Api<unknown, Init, unknown, never>,
    version: number,
    message: Init,
    sender: Sender,
  ): void {
    if (!this.isBad || !this.#lateApis.has(api.key)) return
    const frame = requestFrame(api, version, message)
    const request = { api: api as unknown as AnyApi, version, frame, caller: null }
    this.#keep({ ...request, losesAnswer: false }, sender)
  }

  /** Delivers one of the requests that wait. */
  deliver(front: MemoryFront): void {
    if (this.#waiting.length === 0) return
    const [request] = this.#waiting.splice(this.#random.below(this.#waiting.length), 1)
    this.#deliver(front, request!)
  }

  /** Delivers one of those that are kept, past the end of its transaction. */
  deliverLate(front: MemoryFront): void {
    const due = this.#kept.filter(({ sender, endedBefore }) => sender.ended > endedBefore)
    const ofLast = due.filter(({ sender, endedBefore }) => sender.ended === endedBefore + 1)
    const some = ofLast.length > 0 && this.#random.chance(OF_LAST) ? ofLast : due
    if (some.length > 0) this.#deliverKept(front, this.#random.pick(some))
  }

  /** As `deliverLate`, whether or not its transaction has ended. */
  deliverRest(front: MemoryFront): void {
    if (this.#kept.length > 0) this.#deliverKept(front, this.#random.pick(this.#kept))
  }

  /** Hands out the answers that are there. */
  collect(): void {
    const rest: UnderWay[] = []
    for (const each of this.#underWay) {
      const { request, client } = each
      if (client.fate === 'waiting') rest.push(each)
      else if (client.fate === 'closed') request.caller?.reject(new Lost())
      else this.#answer(request, client)
    }
    this.#underWay = rest
  }

  /** The broker is gone, with every connection to it. */
  cut(): void {
    for (const { request } of this.#underWay) request.caller?.reject(new Lost())
    for (const request of this.#waiting) request.caller?.reject(new Lost())
    this.#underWay = []
    this.#waiting = []
  }

  #keep(request: Request, sender: Sender): void {
    this.#countOf(request).kept += 1
    const copy = { ...request, caller: null, losesAnswer: false }
    this.#kept.push({ request: copy, sender, endedBefore: sender.ended })
  }

  #deliverKept(front: MemoryFront, kept: Kept): void {
    this.#kept.splice(this.#kept.indexOf(kept), 1)
    const count = this.#countOf(kept.request)
    const caller = Promise.withResolvers<unknown>()
    caller.promise.then(
      (answer) => {
        count.arrived += 1
        const name = firstError(answer)
        count.answers.set(name, (count.answers.get(name) ?? 0) + 1)
      },
      () => {}, // lost with the broker
    )
    this.#deliver(front, { ...kept.request, caller })
  }

  #deliver(front: MemoryFront, request: Request): void {
    const client = front.connect()
    client.authenticated()
    client.send(request.frame)
    this.#underWay.push({ request, client })
  }

  #answer({ api, version, caller, losesAnswer }: Request, client: MemoryClient): void {
    const [answer] = client.answers
    client.close()
    if (losesAnswer) caller?.reject(new Lost())
    else caller?.resolve(readAnswer(api, version, answer!))
  }

  #countOf({ api }: Request): LateCount {
    let count = this.counts.get(api.name)
    if (count === undefined) {
      this.counts.set(api.name, (count = { kept: 0, arrived: 0, answers: new Map() }))
    }
    return count
  }
}

/** The name of the first error in an answer, wherever it stands; 'NONE' when there is none. */
function firstError(answer: unknown): string {
  if (typeof answer !== 'object' || answer === null) return 'NONE'
  for (const [name, value] of Object.entries(answer)) {
    const isError = /errorCode$/i.test(name) && value !== 0
    const found = isError ? errorCodeOf(value as number) : firstError(value)
    if (found !== 'NONE') return found
  }
  return 'NONE'
}
