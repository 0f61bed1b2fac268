// Configurations as they are shown: value, source, default, what is allowed, what it means.

import type { GivenValue } from './broker-config.ts'
import { BROKER_OPTION_BY_NAME } from './broker-options.ts'
import type { AnyOption, OptionType } from './option.ts'
import { TOPIC_OPTION_BY_NAME } from './topic-options.ts'
import { candidatesOf, type ConfigLayers, type ConfigSource } from './topic-config.ts'

export interface ConfigSynonym {
  readonly name: string
  readonly value: string
  readonly source: ConfigSource
}

export interface DescribedConfig {
  readonly name: string
  /** Null when there is none, and when it is not shown. */
  readonly value: string | null
  readonly source: ConfigSource
  readonly readOnly: boolean
  readonly sensitive: boolean
  readonly type: OptionType
  /** Null when there is none. */
  readonly defaultValue: string | null
  readonly allowed: string
  readonly documentation: string
  /** Where the value could come from, the winner first. */
  readonly synonyms: readonly ConfigSynonym[]
}

/** Every option of a topic, by name. */
export function describeTopicConfigs(layers: ConfigLayers): DescribedConfig[] {
  return [...TOPIC_OPTION_BY_NAME.values()].map((option) => {
    const candidates = candidatesOf(option, layers)
    const winner = candidates.find(({ topicText }) => option.parse(topicText) !== null)!
    const synonyms = candidates.map(({ name, text, source }) => ({ name, value: text, source }))
    return described(option, { value: winner.topicText, source: winner.source }, synonyms)
  })
}

/** Every option of a broker, by name. */
export function describeBrokerConfigs(layers: Omit<ConfigLayers, 'topic'>): DescribedConfig[] {
  return [...BROKER_OPTION_BY_NAME.values()].map((option) => {
    const { name, defaultText } = option
    const found: [string | null | undefined, ConfigSource][] = [
      [layers.broker.get(name), 'dynamic-broker'],
      [layers.cluster.get(name), 'dynamic-default-broker'],
      [layers.given.get(name)?.text, 'static-broker'],
      [defaultText, 'default'],
    ]
    const synonyms = found.flatMap(([value, source]) => {
      return value === null || value === undefined ? [] : [{ name, value, source }]
    })
    const { value, source } = synonyms[0] ?? { value: null, source: 'default' as const }
    return described(option, { value, source }, synonyms)
  })
}

/** What was altered for all brokers, and nothing else. */
export function describeClusterConfigs(cluster: ReadonlyMap<string, string>): DescribedConfig[] {
  const none: ReadonlyMap<string, GivenValue> = new Map()
  return describeBrokerConfigs({ broker: new Map(), cluster, given: none }).filter(({ name }) => {
    return cluster.has(name)
  })
}

function described(
  option: AnyOption,
  { value, source }: Pick<DescribedConfig, 'value' | 'source'>,
  synonyms: readonly ConfigSynonym[],
): DescribedConfig {
  const { name, type, allowed, doc, dynamic, sensitive, defaultText } = option
  return {
    name,
    value: sensitive ? null : value,
    source,
    readOnly: !dynamic,
    sensitive,
    type,
    defaultValue: defaultText,
    allowed,
    documentation: doc,
    synonyms: sensitive ? [] : synonyms,
  }
}
