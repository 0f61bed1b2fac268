// Requests of one API, most of them broken: frames without their sizes.
//
//   wild      random messages of every version, and bodies of real frames
//   likely    messages that mean something to this broker (plausible.ts)
//      └─► as it is, or with one to four things wrong ─► behind a header, now and then broken as well

import { servedVersions } from '../../../../src/protocol/kafka/api-table.ts'
import { FrameWriter } from '../../../../src/protocol/kafka/frame-writer.ts'
import { API_KEYS, type ApiName } from '../../../../src/protocol/kafka/gen/api-keys.ts'
import { writeRequestHeader } from '../../../../src/protocol/kafka/header.ts'
import type { SeededRandom } from '../../../support/seeded-random.ts'
import { encode } from '../../../protocol/kafka/codec-bytes.ts'
import { mutate, seedsOf } from '../../../protocol/kafka/fuzz-codec.ts'
import { goldenBodies, goldenFrames } from '../../../protocol/kafka/golden-frames.ts'
import { type Subject, subjects } from '../../../protocol/kafka/message-arbitraries.ts'
import type { KnownNames } from './names.ts'
import { plausible } from './plausible.ts'

interface Body {
  readonly version: number
  readonly bytes: Buffer
}

/** Likely messages of each version, made anew for each broker. */
const LIKELY_PER_VERSION = 40

const LIKELY = 0.6
const UNBROKEN = 0.25
const BROKEN_HEADER = 0.03

/** What all brokers of one API have in common. */
export class RequestKind {
  readonly apiKey: number
  readonly #subject: Subject
  readonly #versions: readonly number[]
  readonly #wild: readonly Body[]
  /** Headers by version. */
  readonly #headers = new Map<number, Buffer>()

  constructor(api: ApiName, seed: number) {
    this.apiKey = API_KEYS[api]
    this.#subject = subjects().find(({ name }) => name === `${api}Request`)!
    const [min, max] = servedVersions(this.apiKey)!.served
    this.#versions = Array.from({ length: max - min + 1 }, (_, at) => min + at)
    const real = goldenBodies(goldenFrames()).filter(({ apiKey }) => apiKey === this.apiKey)
    this.#wild = seedsOf(this.#subject, real, seed).filter(({ version }) => {
      return version >= min && version <= max
    })
    const writer = new FrameWriter()
    for (const apiVersion of this.#versions) {
      const header = { apiKey: this.apiKey, apiVersion, correlationId: 1, clientId: 'fuzz' }
      this.#headers.set(
        apiVersion,
        writer.collect((into) => writeRequestHeader(into, header)),
      )
    }
  }

  /** Requests to a broker on which these names exist. Gives one frame a call. */
  requests(names: KnownNames, random: SeededRandom): () => Buffer {
    const likely = this.#likely(names, random)
    const any = (): Body => random.pick(random.chance(LIKELY) ? likely : this.#wild)
    return () => {
      const { version, bytes } = any()
      const body = random.chance(UNBROKEN) ? bytes : mutate(bytes, any().bytes, random)
      const frame = Buffer.concat([this.#headers.get(version)!, body])
      return random.chance(BROKEN_HEADER) ? mutate(frame, body, random) : frame
    }
  }

  #likely(names: KnownNames, random: SeededRandom): Body[] {
    const { codec, message } = this.#subject
    return this.#versions.flatMap((version) => {
      return Array.from({ length: LIKELY_PER_VERSION }, () => {
        const fields = plausible(message.root, version, names, random)
        return { version, bytes: encode(codec, fields, version) }
      })
    })
  }
}
