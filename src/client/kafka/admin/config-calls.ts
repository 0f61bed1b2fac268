// Configurations, over Kafka.

import { DESCRIBE_CONFIGS } from '../../../protocol/kafka/gen/describe-configs.ts'
import type { DescribeConfigsResourceResult } from '../../../protocol/kafka/gen/describe-configs.ts'
import { INCREMENTAL_ALTER_CONFIGS } from '../../../protocol/kafka/gen/incremental-alter-configs.ts'
import type { AdminCalls, ConfigEntry, ConfigResource, ConfigSource } from '../../admin-calls.ts'
import type { ClientApi, RequestOf } from '../broker-connection.ts'
import type { Cluster } from '../cluster.ts'
import { Deadline } from '../deadline.ts'
import { throwErrorOf } from '../kafka-error.ts'
import { only } from '../only.ts'

const RESOURCE_TYPE = { topic: 2, broker: 4 } as const satisfies Record<
  ConfigResource['type'],
  number
>

/** Where a value comes from, by its number. Source: DescribeConfigsResponse of apache/kafka. */
export const CONFIG_SOURCE = {
  topic: 1,
  dynamicBroker: 2,
  dynamicDefaultBroker: 3,
  staticBroker: 4,
  default: 5,
} as const

const SOURCES: ReadonlyMap<number, ConfigSource> = new Map([
  [CONFIG_SOURCE.topic, 'topic'],
  [CONFIG_SOURCE.dynamicBroker, 'dynamic-broker'],
  [CONFIG_SOURCE.dynamicDefaultBroker, 'dynamic-broker'],
  [CONFIG_SOURCE.staticBroker, 'static-broker'],
  [CONFIG_SOURCE.default, 'default'],
])

/** Names of the types of values, by their numbers. Source: as above. */
const TYPES = [
  '',
  'boolean',
  'string',
  'int',
  'short',
  'long',
  'double',
  'list',
  'class',
  'password',
] as const

const SET = 0
const DELETE = 1

export function configCalls(
  cluster: Cluster,
): Pick<AdminCalls, 'describeConfigs' | 'alterConfigs'> {
  return {
    async describeConfigs(resource, names, timeoutMs) {
      const request = {
        resources: [{ ...wireOf(resource), configurationKeys: names.length > 0 ? names : null }],
        includeSynonyms: true,
        includeDocumentation: true,
      }
      const answer = await callFor(cluster, resource, DESCRIBE_CONFIGS, request, timeoutMs)
      const { errorCode, errorMessage, configs } = only(answer.results)
      throwErrorOf(errorCode, errorMessage, { [resource.type]: resource.name })
      return configs.map(entryOf)
    },

    async alterConfigs(resource, { set, unset, validateOnly = false }, timeoutMs) {
      const changed = Object.entries(set ?? {}).map(([name, value]) => {
        return { name, configOperation: SET, value }
      })
      const cleared = (unset ?? []).map((name) => ({ name, configOperation: DELETE, value: null }))
      const request = {
        resources: [{ ...wireOf(resource), configs: [...changed, ...cleared] }],
        validateOnly,
      }
      const answer = await callFor(cluster, resource, INCREMENTAL_ALTER_CONFIGS, request, timeoutMs)
      const { errorCode, errorMessage } = only(answer.responses)
      throwErrorOf(errorCode, errorMessage, { [resource.type]: resource.name })
    },
  }
}

/**
 * What each topic has of its own, by topic and by name of the config. Topics that may not be asked
 * for are left out.
 */
export async function topicConfigs(
  cluster: Cluster,
  topics: readonly string[],
  deadline: Deadline,
): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  if (topics.length === 0) return new Map()
  const request = {
    resources: topics.map((name) => {
      return { ...wireOf({ type: 'topic', name }), configurationKeys: null }
    }),
    includeSynonyms: false,
  }
  const answer = await cluster.callAny(DESCRIBE_CONFIGS, request, deadline.leftMs)
  return new Map(
    answer.results
      .filter(({ errorCode }) => errorCode === 0)
      .map(({ resourceName, configs }) => {
        const own = configs.filter(({ configSource }) => configSource === CONFIG_SOURCE.topic)
        const pairs = own.map(({ name, value }) => [name, value ?? ''] as const)
        return [resourceName, Object.fromEntries(pairs)] as const
      }),
  )
}

/** What belongs to one broker is asked of that broker. */
async function callFor<Init, Response>(
  cluster: Cluster,
  { type, name }: ConfigResource,
  api: ClientApi<Init, Response>,
  message: RequestOf<Init>,
  timeoutMs: number,
): Promise<Response> {
  if (type !== 'broker' || name === '') return await cluster.callAny(api, message, timeoutMs)
  const deadline = new Deadline(cluster.clock, timeoutMs)
  const nodeId = Number(name)
  if (cluster.metadata.broker(nodeId) === undefined) await cluster.readMetadata([], deadline)
  return await cluster.call(nodeId, api, message, deadline.leftMs)
}

function wireOf({ type, name }: ConfigResource): { resourceType: number; resourceName: string } {
  return { resourceType: RESOURCE_TYPE[type], resourceName: name }
}

function entryOf(config: DescribeConfigsResourceResult): ConfigEntry {
  const { name, readOnly, isSensitive: sensitive, configType, documentation } = config
  const value = config.value ?? ''
  const synonyms = config.synonyms.map((synonym) => {
    return { name: synonym.name, value: synonym.value ?? '', source: sourceOf(synonym.source) }
  })
  const byDefault = config.configSource === CONFIG_SOURCE.default ? value : ''
  const defaultValue = synonyms.find(({ source }) => source === 'default')?.value ?? byDefault
  return {
    name,
    value,
    source: sourceOf(config.configSource),
    readOnly,
    sensitive,
    type: TYPES[configType] ?? '',
    defaultValue,
    // This protocol does not tell.
    allowed: '',
    documentation: documentation ?? '',
    synonyms,
  }
}

function sourceOf(source: number): ConfigSource {
  return SOURCES.get(source) ?? 'unknown'
}
