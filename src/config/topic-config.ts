// What holds for one topic: its own values before those of the broker before the defaults. And what holds
// for the broker.
//
//   topic  >  altered for this broker  >  altered for all brokers  >  given at start  >  default
//
// Within each, the broker options of a topic option are asked in their order: log.retention.ms, then
// .minutes, then .hours. Of those given at the start, a flag wins over a file whatever its name.

import { GIVEN_SOURCES, type GivenValue } from './broker-config.ts'
import { multiplied } from './topic-defaults.ts'
import type { AnyOption, Values } from './option.ts'
import { TOPIC_OPTIONS, type AnyTopicOption, type TopicConfig } from './topic-options.ts'

/** Where a value comes from, as DescribeConfigs tells. */
export type ConfigSource =
  | 'topic'
  /** Altered while running, for this broker. */
  | 'dynamic-broker'
  /** Altered while running, for all brokers. */
  | 'dynamic-default-broker'
  /** Given at the start. */
  | 'static-broker'
  | 'default'

/** Values by option name, as texts. */
export type ConfigTexts = ReadonlyMap<string, string>

/** All that has a say in a topic's configuration, the winner first. */
export interface ConfigLayers {
  /** The topic's own. Empty when the question is about no topic. */
  readonly topic: ConfigTexts
  /** Altered while running, for this broker. */
  readonly broker: ConfigTexts
  /** Altered while running, for all brokers. */
  readonly cluster: ConfigTexts
  /** Given to this broker at its start. */
  readonly given: ReadonlyMap<string, GivenValue>
}

/** One value that an option could have. */
export interface Candidate {
  /** The option that it was set by: the topic option's name, or that of a default of the broker. */
  readonly name: string
  /** As it was set. */
  readonly text: string
  /** As the topic option would write it. */
  readonly topicText: string
  readonly source: ConfigSource
}

/** Everything that an option could have, the winner first, the default last. */
export function candidatesOf(option: AnyTopicOption, layers: ConfigLayers): Candidate[] {
  const found: Candidate[] = []
  const add = (name: string, text: string | undefined, factor: number, source: ConfigSource) => {
    if (text !== undefined) found.push({ name, text, topicText: multiplied(text, factor), source })
  }
  add(option.name, layers.topic.get(option.name), 1, 'topic')
  const altered: [ConfigTexts, ConfigSource][] = [
    [layers.broker, 'dynamic-broker'],
    [layers.cluster, 'dynamic-default-broker'],
  ]
  for (const [texts, source] of altered) {
    for (const { name, factor } of option.brokerDefaults) {
      add(name, texts.get(name), factor, source)
    }
  }
  for (const source of GIVEN_SOURCES) {
    for (const { name, factor } of option.brokerDefaults) {
      const given = layers.given.get(name)
      if (given?.source === source) add(name, given.text, factor, 'static-broker')
    }
  }
  add(option.name, option.defaultText!, 1, 'default')
  return found
}

/**
 * The configuration of a topic, every value parsed.
 *
 * A stored value that this version does not allow any more is passed over.
 */
export function resolveTopicConfig(layers: ConfigLayers): TopicConfig {
  const pairs = Object.entries(TOPIC_OPTIONS).map(([key, option]: [string, AnyTopicOption]) => {
    return [key, valueOf(option, layers)] as const
  })
  // Each key has what its own option's `parse` gave.
  return Object.fromEntries(pairs) as { [Key in keyof TopicConfig]: never }
}

function valueOf(option: AnyTopicOption, layers: ConfigLayers): unknown {
  for (const { topicText } of candidatesOf(option, layers)) {
    const value = option.parse(topicText)
    if (value !== null) return value
  }
  throw new RangeError(`the default of ${option.name} is not allowed by its own rule`)
}

/**
 * The value of each of the broker's options of a table, as it holds now.
 *
 * A stored value that this version does not allow any more is passed over.
 */
export function effectiveValues<Table extends Readonly<Record<string, AnyOption>>>(
  table: Table,
  { broker, cluster, given }: Omit<ConfigLayers, 'topic'>,
): Values<Table> {
  const pairs = Object.entries(table).map(([key, option]) => {
    const { name, defaultText } = option
    const texts = [broker.get(name), cluster.get(name), given.get(name)?.text, defaultText]
    const values = texts.map((text) =>
      text === undefined || text === null ? null : option.parse(text),
    )
    return [key, values.find((value) => value !== null)] as const
  })
  // Each key has what its own option's `parse` gave.
  return Object.fromEntries(pairs) as { [Key in keyof Table]: never }
}
