// The broker's options that hold for topics without a value of their own, made from the topics'
// options: `log.retention.ms` from `retention.ms`, and so on.

import type { AnyOption, Unit } from './option.ts'
import { TOPIC_OPTION_BY_NAME, type AnyTopicOption } from './topic-options.ts'

/** A broker option together with the topic option that it is the default of. */
export interface TopicDefault {
  readonly option: AnyOption
  readonly topicOption: AnyTopicOption
  readonly factor: number
}

function topicDefaultsOf(topicOption: AnyTopicOption): TopicDefault[] {
  const { brokerDefaults } = topicOption
  return brokerDefaults.map(({ name, factor }, rank) => {
    // The default stands with the last of them: a value of that one must not hide behind the
    // default of one that is asked before it.
    const last = rank === brokerDefaults.length - 1
    const option: AnyOption = {
      name,
      type: factor === 1 ? topicOption.type : 'int',
      unit: unitOf(topicOption.unit, factor),
      defaultText: last ? divided(topicOption.defaultText!, factor) : null,
      allowed: factor === 1 ? topicOption.allowed : 'a whole number, as the topic option allows',
      doc:
        `${topicOption.name} of topics that do not set it` +
        `${rank === 0 ? '' : `, when ${brokerDefaults[rank - 1]!.name} is not set`}. ` +
        topicOption.doc,
      dynamic: rank === 0,
      sensitive: false,
      parse: (text) => topicOption.parse(multiplied(text, factor)),
    }
    return { option, topicOption, factor }
  })
}

/** In the order of their names. */
export const TOPIC_DEFAULTS: ReadonlyMap<string, TopicDefault> = new Map(
  [...TOPIC_OPTION_BY_NAME.values()]
    .flatMap(topicDefaultsOf)
    .map((topicDefault) => [topicDefault.option.name, topicDefault] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1)),
)

/**
 * The broker option's value as the topic option would write it: 2 hours are 7200000 milliseconds.
 * Negative numbers mean "no limit", and stay.
 */
export function multiplied(text: string, factor: number): string {
  if (factor === 1 || !/^\+?\d+$/.test(text)) return text
  const product = Number(text) * factor
  return Number.isSafeInteger(product) ? String(product) : 'too large'
}

function divided(text: string, factor: number): string {
  return factor === 1 ? text : String(Number(text) / factor)
}

function unitOf(unit: Unit, factor: number): Unit {
  return factor === 1 ? unit : factor === 3_600_000 ? 'hours' : 'minutes'
}
