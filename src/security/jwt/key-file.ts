// A key set in a file, which is read again when a token names a key that is not in it: keys are
// changed while a broker runs.

import type { Clock } from '../../io/clock.ts'
import type { Logger } from '../../observability/logger.ts'
import { parseKeySet, type TokenAlgorithm, type TokenKey } from './key-set.ts'

/** Who names keys that are not there has the file read no more often than so. */
const REREAD_MS = 10_000

export class KeyFile {
  readonly #read: () => string
  readonly #clock: Clock
  readonly #logger: Logger
  #keys: readonly TokenKey[]
  #readMs: number

  /**
   * @param read gives the file's text
   * @throws Error when there is no key set in it
   */
  constructor(read: () => string, clock: Clock, logger: Logger) {
    this.#read = read
    this.#clock = clock
    this.#logger = logger
    this.#keys = parseKeySet(read())
    this.#readMs = clock.monotonicMs()
  }

  /** @param id name of the key; null for all of the algorithm */
  find(algorithm: TokenAlgorithm, id: string | null): readonly TokenKey[] {
    const found = this.#among(algorithm, id)
    if (found.length > 0 || this.#clock.monotonicMs() - this.#readMs < REREAD_MS) return found
    this.#readMs = this.#clock.monotonicMs()
    try {
      this.#keys = parseKeySet(this.#read())
    } catch (error) {
      this.#logger.error({ err: error }, 'The key set of OAUTHBEARER could not be read again')
    }
    return this.#among(algorithm, id)
  }

  #among(algorithm: TokenAlgorithm, id: string | null): readonly TokenKey[] {
    return this.#keys.filter((key) => {
      return key.algorithm === algorithm && (id === null || key.id === null || key.id === id)
    })
  }
}
