// Which version of an API a connection speaks: the highest that both sides know.

import { ERRORS } from '../../base/errors.ts'
import { API_KEYS } from '../../protocol/kafka/gen/api-keys.ts'
import { API_VERSIONS } from '../../protocol/kafka/gen/api-versions.ts'
import type {
  ApiVersion,
  ApiVersionsRequestInit,
  ApiVersionsResponse,
  FinalizedFeatureKey,
} from '../../protocol/kafka/gen/api-versions.ts'
import { SluiceError } from '../errors.ts'
import { throwErrorOf } from './kafka-error.ts'

/**
 * Where this client stays below what its codecs can:
 *
 *   Produce 12        13 takes topic ids
 *   Fetch 17          18 is for followers
 *   Metadata 12       13 tells of moves to other clusters
 *   FindCoordinator 4 5 tells of transactions that may be aborted, which it never has to; 6 is for share
 *                     groups
 *   OffsetCommit and OffsetFetch 9    10 takes topic ids
 *   DescribeGroups 5  6 refuses groups that 5 calls Dead
 *   InitProducerId 5  6 is for two-phase commits
 *   AddPartitionsToTxn 3    4 and 5 are for brokers
 */
const HIGHEST = new Map<number, number>([
  [API_KEYS.Produce, 12],
  [API_KEYS.Fetch, 17],
  [API_KEYS.Metadata, 12],
  [API_KEYS.FindCoordinator, 4],
  [API_KEYS.OffsetCommit, 9],
  [API_KEYS.OffsetFetch, 9],
  [API_KEYS.DescribeGroups, 5],
  [API_KEYS.InitProducerId, 5],
  [API_KEYS.AddPartitionsToTxn, 3],
])

/** What this client is called in the broker's metrics. */
const SOFTWARE = { clientSoftwareName: 'sluice-js', clientSoftwareVersion: '1' }

/** What is needed of an API to choose a version. */
export interface Versioned {
  readonly key: number
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
}

/** The same API, in no version above this one. */
export function upTo<A extends Versioned>(api: A, maxVersion: number): A {
  return { ...api, maxVersion }
}

/** The same API, in no version below this one. */
export function from<A extends Versioned>(api: A, minVersion: number): A {
  return { ...api, minVersion }
}

/** The versions that one broker serves, and the features that its cluster has decided on. */
export class BrokerVersions {
  readonly #ranges: ReadonlyMap<number, ApiVersion>
  readonly #features: ReadonlyMap<string, FinalizedFeatureKey>

  constructor({ apiKeys, finalizedFeatures }: ApiVersionsResponse) {
    this.#ranges = new Map(apiKeys.map((range) => [range.apiKey, range]))
    this.#features = new Map(finalizedFeatures.map((feature) => [feature.name, feature]))
  }

  /** Level of a feature; 0 where the broker knows nothing of it. */
  featureLevel(name: string): number {
    return this.#features.get(name)?.maxVersionLevel ?? 0
  }

  /** Null when there is none that both sides know. */
  find({ key, minVersion, maxVersion }: Versioned): number | null {
    const range = this.#ranges.get(key)
    if (range === undefined) return null
    const version = Math.min(HIGHEST.get(key) ?? maxVersion, maxVersion, range.maxVersion)
    return version >= Math.max(minVersion, range.minVersion) ? version : null
  }

  /** @throws SluiceError UNSUPPORTED_VERSION */
  choose(api: Versioned): number {
    const version = this.find(api)
    if (version !== null) return version
    const { minVersion: from, maxVersion: to } = api
    const range = this.#ranges.get(api.key)
    const serves = range === undefined ? 'none' : `${range.minVersion} to ${range.maxVersion}`
    const message = `The broker serves no version of ${api.name} that this client speaks`
    const facts = { api: api.name, broker: serves, client: `${from} to ${to}` }
    throw new SluiceError('UNSUPPORTED_VERSION', facts, { message })
  }
}

/**
 * Asks which versions the broker serves. One that does not know the version of this very request
 * answers in version 0, and names the versions that it does know (KIP-511).
 *
 * @param ask sends an ApiVersions request in a version
 */
export async function negotiate(
  ask: (version: number, message: ApiVersionsRequestInit) => Promise<ApiVersionsResponse>,
): Promise<BrokerVersions> {
  const first = await ask(API_VERSIONS.maxVersion, SOFTWARE)
  const served = new BrokerVersions(first)
  if (first.errorCode !== ERRORS.UNSUPPORTED_VERSION.id) {
    throwErrorOf(first.errorCode, null)
    return served
  }
  const second = await ask(served.find(API_VERSIONS) ?? 0, SOFTWARE)
  throwErrorOf(second.errorCode, null)
  return new BrokerVersions(second)
}

/** Of an answer to ApiVersions: whether it is in version 0, whatever was asked (KIP-511). */
export function saysUnsupportedVersion(bytes: Buffer): boolean {
  return bytes.byteLength >= 6 && bytes.readInt16BE(4) === ERRORS.UNSUPPORTED_VERSION.id
}
