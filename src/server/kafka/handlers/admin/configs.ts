// Configurations over the Kafka protocol: DescribeConfigs, AlterConfigs, IncrementalAlterConfigs,
// ListConfigResources.

import { BrokerError } from '../../../../base/errors.ts'
import type { ConfigService } from '../../../../broker/config-service.ts'
import { optionOf } from '../../../../config/check-configs.ts'
import type { ConfigChange } from '../../../../metadata/cluster-control.ts'
import type { ConfigResource } from '../../../../metadata/metadata-record.ts'
import { ALTER_CONFIGS } from '../../../../protocol/kafka/gen/alter-configs.ts'
import {
  DESCRIBE_CONFIGS,
  type DescribeConfigsRequest,
  type DescribeConfigsResource,
  type DescribeConfigsResourceResultInit,
  type DescribeConfigsResultInit,
} from '../../../../protocol/kafka/gen/describe-configs.ts'
import { INCREMENTAL_ALTER_CONFIGS } from '../../../../protocol/kafka/gen/incremental-alter-configs.ts'
import type { AlterableConfig } from '../../../../protocol/kafka/gen/incremental-alter-configs.ts'
import { LIST_CONFIG_RESOURCES } from '../../../../protocol/kafka/gen/list-config-resources.ts'
import { handlerOf, type KafkaContext, type KafkaHandler } from '../../handler.ts'
import {
  CONFIG_OPERATIONS,
  CONFIG_SOURCES,
  CONFIG_TYPES,
  MAX_CONFIGS,
  PASSWORD,
  RESOURCE_TYPES,
} from './config-numbers.ts'
import {
  checkCount,
  distinct,
  errorFields,
  firstError,
  refusalOfLater,
  repeated,
} from '../error-fields.ts'

export interface ConfigHandlerServices {
  readonly configs: ConfigService
}

type DescribedConfig = ReturnType<ConfigService['describe']>[number]

export function configHandlers({ configs }: ConfigHandlerServices): readonly KafkaHandler[] {
  return [
    describeConfigs(configs),
    alterConfigs(configs),
    incrementalAlterConfigs(configs),
    listConfigResources(configs),
  ]
}

function describeConfigs(configs: ConfigService): KafkaHandler {
  return handlerOf(DESCRIBE_CONFIGS, {
    handle: (request, { caller }) => {
      const asked = distinct(request.resources, questionOf)
      const results = asked.map((resource): DescribeConfigsResultInit => {
        const { resourceType, resourceName, configurationKeys } = resource
        const at = { resourceType, resourceName }
        try {
          const of = resourceOf(resource)
          checkCount(configurationKeys?.length ?? 0, MAX_CONFIGS, 'configurations of one resource')
          const found = configs.describe(caller, of, configurationKeys ?? [])
          const described = found.map((config) => describedConfig(config, request))
          return { ...at, ...errorFields(null), configs: described }
        } catch (error) {
          return { ...at, ...errorFields(BrokerError.from(error)), configs: [] }
        }
      })
      return { throttleTimeMs: 0, results }
    },
    refuse: ({ resources }, error) => {
      const results = resources.map((resource) => {
        return { ...named(resource), ...errorFields(error), configs: [] }
      })
      return { throttleTimeMs: 0, results }
    },
    outcome: ({ results }) => firstError(results),
    cuts: [{ asked: ['resources'], answered: ['results'], key: questionOf }],
  })
}

function describedConfig(
  config: DescribedConfig,
  { includeSynonyms, includeDocumentation }: DescribeConfigsRequest,
): DescribeConfigsResourceResultInit {
  const { name, value, readOnly, source, sensitive, type, documentation } = config
  const synonyms = includeSynonyms ? config.synonyms : []
  return {
    name,
    value,
    readOnly,
    configSource: CONFIG_SOURCES[source],
    isSensitive: sensitive,
    synonyms: synonyms.map((synonym) => ({ ...synonym, source: CONFIG_SOURCES[synonym.source] })),
    configType: sensitive ? PASSWORD : CONFIG_TYPES[type],
    documentation: includeDocumentation ? documentation : null,
  }
}

interface WireResource {
  readonly resourceType: number
  readonly resourceName: string
}

function alterConfigs(configs: ConfigService): KafkaHandler {
  return handlerOf(ALTER_CONFIGS, {
    handle: async ({ resources, validateOnly }, context) => {
      const changes = resources.map((resource) => ({
        resource,
        change: (of: ConfigResource) => replacement(of, resource.configs),
      }))
      return await alterAll(configs, changes, validateOnly, context)
    },
    refuse: ({ resources }, error) => alterationsRefused(resources, error),
    outcome: ({ responses }) => firstError(responses),
    cuts: [{ asked: ['resources'], answered: ['responses'] }],
  })
}

function incrementalAlterConfigs(configs: ConfigService): KafkaHandler {
  return handlerOf(INCREMENTAL_ALTER_CONFIGS, {
    handle: async ({ resources, validateOnly }, context) => {
      const changes = resources.map((resource) => ({
        resource,
        change: (of: ConfigResource) => increment(of, resource.configs),
      }))
      return await alterAll(configs, changes, validateOnly, context)
    },
    refuse: ({ resources }, error) => alterationsRefused(resources, error),
    outcome: ({ responses }) => firstError(responses),
    cuts: [{ asked: ['resources'], answered: ['responses'] }],
  })
}

interface WantedChange {
  readonly resource: WireResource
  /** @throws BrokerError when the request makes no sense */
  readonly change: (of: ConfigResource) => ConfigChange
}

async function alterAll(
  configs: ConfigService,
  changes: readonly WantedChange[],
  validateOnly: boolean,
  { caller }: KafkaContext,
) {
  const twice = repeated(changes.map(({ resource }) => keyOf(resource)))
  const responses = []
  for (const { resource, change } of changes) {
    const error = await refusalOfLater(async () => {
      if (twice.has(keyOf(resource))) {
        const message = 'The resource is named more than once'
        throw new BrokerError('INVALID_REQUEST', { message })
      }
      await configs.alter(caller, change(resourceOf(resource)), { validateOnly })
    })
    responses.push({ ...named(resource), ...errorFields(error) })
  }
  return { throttleTimeMs: 0, responses }
}

function alterationsRefused(resources: readonly WireResource[], error: BrokerError) {
  const responses = resources.map((resource) => ({ ...named(resource), ...errorFields(error) }))
  return { throttleTimeMs: 0, responses }
}

/** @throws BrokerError INVALID_REQUEST for a name that has no value, or two */
function replacement(
  resource: ConfigResource,
  configs: readonly { readonly name: string; readonly value: string | null }[],
): ConfigChange {
  refuseTwice(configs)
  const set = new Map(configs.map(({ name, value }) => [name, valueOf(name, value)]))
  return { resource, set, unset: [], replace: true }
}

/** @throws BrokerError INVALID_REQUEST for a name that has no value, or two, or an unknown operation */
function increment(resource: ConfigResource, configs: readonly AlterableConfig[]): ConfigChange {
  refuseTwice(configs)
  const { set: SET, delete: DELETE, append: APPEND, subtract: SUBTRACT } = CONFIG_OPERATIONS
  const of = (operation: number): Map<string, string> => {
    const some = configs.filter(({ configOperation }) => configOperation === operation)
    return new Map(some.map(({ name, value }) => [name, valueOf(name, value)]))
  }
  const odd = configs.find(
    ({ configOperation: operation }) => operation < SET || operation > SUBTRACT,
  )
  if (odd !== undefined) {
    const message = `There is no operation ${odd.configOperation}; 0 sets, 1 deletes, 2 appends, 3 subtracts`
    throw new BrokerError('INVALID_REQUEST', { message })
  }
  // Tools clean up by names of options that this broker does not have: nothing to do then.
  const unset = configs.filter(({ name, configOperation }) => {
    return configOperation === DELETE && optionOf(resource.type, name) !== undefined
  })
  return {
    resource,
    set: of(SET),
    unset: unset.map(({ name }) => name),
    append: of(APPEND),
    subtract: of(SUBTRACT),
  }
}

/** @throws BrokerError INVALID_REQUEST */
function refuseTwice(configs: readonly { readonly name: string }[]): void {
  checkCount(configs.length, MAX_CONFIGS, 'configurations of one resource')
  const [twice] = repeated(configs.map(({ name }) => name))
  if (twice === undefined) return
  const message = `${twice.slice(0, 300)} is given more than once`
  throw new BrokerError('INVALID_REQUEST', { message })
}

function valueOf(name: string, value: string | null): string {
  if (value !== null) return value
  const message = `${name.slice(0, 300)} has no value; delete it to have its default`
  throw new BrokerError('INVALID_REQUEST', { message })
}

function listConfigResources(configs: ConfigService): KafkaHandler {
  const known: ReadonlySet<number> = new Set(Object.values(RESOURCE_TYPES))
  return handlerOf(LIST_CONFIG_RESOURCES, {
    handle: ({ resourceTypes }, { caller, version }) => {
      // Version 0 asks for client metrics alone, of which there are none here.
      if (version === 0) return { throttleTimeMs: 0, errorCode: 0, configResources: [] }
      if (resourceTypes.some((type) => !known.has(type))) {
        throw new BrokerError('UNSUPPORTED_VERSION', { what: 'type of resource' })
      }
      const all = configs.resources(caller).map(({ type, name }) => {
        return { resourceName: name, resourceType: RESOURCE_TYPES[type] as number }
      })
      const wanted = new Set(resourceTypes.length === 0 ? known : resourceTypes)
      const configResources = all.filter(({ resourceType }) => wanted.has(resourceType))
      return { throttleTimeMs: 0, errorCode: 0, configResources }
    },
    refuse: (_request, error) => {
      return { throttleTimeMs: 0, errorCode: errorFields(error).errorCode, configResources: [] }
    },
  })
}

/** @throws BrokerError INVALID_REQUEST when nothing of that type is configured here */
function resourceOf({ resourceType, resourceName }: WireResource): ConfigResource {
  if (resourceType === RESOURCE_TYPES.topic) return { type: 'topic', name: resourceName }
  if (resourceType === RESOURCE_TYPES.broker) return { type: 'broker', name: resourceName }
  const message = 'Topics (2) and brokers (4) have configurations here, and nothing else'
  throw new BrokerError('INVALID_REQUEST', { message, resourceType })
}

function named({
  resourceType,
  resourceName,
}: WireResource | DescribeConfigsResource): WireResource {
  return { resourceType, resourceName }
}

function questionOf(resource: DescribeConfigsResource): string {
  const { configurationKeys: names } = resource
  // With more it is refused.
  return `${keyOf(resource)}:${names?.slice(0, MAX_CONFIGS).join(',') ?? ''}`
}

function keyOf({ resourceType, resourceName }: WireResource): string {
  return `${resourceType}:${resourceName}`
}
