// ApiVersions: what a client may ask, first of all its requests.
//
// It tells of the APIs that have a handler, each as far as protocol/kafka/api-table.ts says. A version
// of this API itself that is not known is answered in version 0, with error 35 and the versions that
// are (KIP-511), and never by closing: some clients take that for a broker from before 0.10.
//
//   v3  features: what the broker can do, and at which level the cluster is
//   v4  features may begin at level 0: those that do are not told before, though their level is

import { BrokerError, ERRORS } from '../../../base/errors.ts'
import { servedVersions } from '../../../protocol/kafka/api-table.ts'
import { API_KEYS } from '../../../protocol/kafka/gen/api-keys.ts'
import {
  API_VERSIONS,
  type ApiVersionsRequest,
  type ApiVersionsResponseInit,
} from '../../../protocol/kafka/gen/api-versions.ts'
import { FEATURES, FEATURES_EPOCH } from '../features.ts'
import { handlerOf, type KafkaContext, type KafkaHandler } from '../handler.ts'

/** Source: ApiVersionsRequest.java in apache/kafka. */
const SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

/** From this version on, clients say what they are. */
const NAMES_SOFTWARE = 3

const FEATURES_FROM = 3
const LEVEL_0_FROM = 4

/** @param others the handlers of all other APIs */
export function apiVersionsHandler(others: readonly KafkaHandler[]): KafkaHandler {
  const keys = [...others.map(({ api }) => api.key), API_KEYS.ApiVersions].sort((a, b) => a - b)
  const apiKeys = keys.map(entryOf)
  const itself = [entryOf(API_KEYS.ApiVersions)]
  return handlerOf(API_VERSIONS, {
    handle(request: ApiVersionsRequest | null, { version }: KafkaContext): ApiVersionsResponseInit {
      if (request === null) {
        const errorCode = ERRORS.UNSUPPORTED_VERSION.id
        return { errorCode, apiKeys: itself, throttleTimeMs: 0 }
      }
      if (version >= NAMES_SOFTWARE) checkSoftware(request)
      const told = { errorCode: 0, apiKeys, throttleTimeMs: 0 }
      return version >= FEATURES_FROM ? { ...told, ...featuresFor(version) } : told
    },
    refuse: (_request, { code }) => ({
      errorCode: ERRORS[code].id,
      apiKeys: [],
      throttleTimeMs: 0,
    }),
  })
}

/** Source: ApiVersionsResponse.java in apache/kafka; KAFKA-17011. */
function featuresFor(
  version: number,
): Pick<
  ApiVersionsResponseInit,
  'supportedFeatures' | 'finalizedFeatures' | 'finalizedFeaturesEpoch'
> {
  const told = FEATURES.filter(({ minLevel }) => minLevel > 0 || version >= LEVEL_0_FROM)
  return {
    supportedFeatures: told.map(({ name, minLevel: minVersion, maxLevel: maxVersion }) => {
      return { name, minVersion, maxVersion }
    }),
    finalizedFeaturesEpoch: FEATURES_EPOCH,
    finalizedFeatures: FEATURES.map(({ name, level }) => {
      return { name, maxVersionLevel: level, minVersionLevel: level }
    }),
  }
}

function entryOf(apiKey: number): { apiKey: number; minVersion: number; maxVersion: number } {
  const [minVersion, maxVersion] = servedVersions(apiKey)!.advertised
  return { apiKey, minVersion, maxVersion }
}

function checkSoftware({ clientSoftwareName, clientSoftwareVersion }: ApiVersionsRequest): void {
  if (SOFTWARE.test(clientSoftwareName) && SOFTWARE.test(clientSoftwareVersion)) return
  const message = 'Name and version of the client software are letters, digits, dots and dashes'
  throw new BrokerError('INVALID_REQUEST', { message })
}
