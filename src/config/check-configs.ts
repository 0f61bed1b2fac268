// Whether configurations may be set while the broker runs.

import { BROKER_OPTION_BY_NAME } from './broker-options.ts'
import type { ConfigProblem } from './config-error.ts'
import { WITHOUT_EFFECT } from './kafka-options.ts'
import { nearestName } from './nearest-name.ts'
import type { AnyOption } from './option.ts'
import { TOPIC_OPTION_BY_NAME, type TopicConfig } from './topic-options.ts'

/** What a configuration belongs to. */
export type ConfigKind = 'topic' | 'broker'

const OPTIONS: Readonly<Record<ConfigKind, ReadonlyMap<string, AnyOption>>> = {
  topic: TOPIC_OPTION_BY_NAME,
  broker: BROKER_OPTION_BY_NAME,
}

/** Undefined when there is none of that name. */
export function optionOf(kind: ConfigKind, name: string): AnyOption | undefined {
  return OPTIONS[kind].get(name)
}

/** So many problems are told at once. To find the name that was meant takes a while. */
const MAX_PROBLEMS = 20

/** What is wrong with values that are to be set, each by itself: the first that are. */
export function checkConfigs(
  kind: ConfigKind,
  set: Iterable<readonly [name: string, text: string]>,
): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  for (const [name, value] of set) {
    if (problems.length === MAX_PROBLEMS) break
    const problem = nameProblem(kind, name)
    const option = OPTIONS[kind].get(name)
    if (problem !== null) problems.push(problem)
    else if (option!.parse(value.trim()) === null) {
      const shown = option!.sensitive ? null : value
      problems.push({ name, value: shown, origin: null, text: `Allowed is ${option!.allowed}.` })
    }
  }
  return problems
}

/** Null when the option is known and may be altered while the broker runs. */
export function nameProblem(kind: ConfigKind, name: string): ConfigProblem | null {
  const option = OPTIONS[kind].get(name)
  if (option === undefined) {
    const reason = kind === 'broker' ? WITHOUT_EFFECT.get(name) : undefined
    if (reason !== undefined) {
      return { name, value: null, origin: null, text: `It has no effect here: ${reason}.` }
    }
    const nearest = nearestName(name, OPTIONS[kind].keys())
    const hint = nearest === null ? '' : ` Did you mean ${nearest}?`
    const text = `There is no such option of a ${kind}.${hint}`
    return { name, value: null, origin: null, text }
  }
  if (option.dynamic) return null
  const text = 'It is read when the broker starts; set it by a flag, the environment or the file.'
  return { name, value: null, origin: null, text }
}

/** What is wrong with a topic's values taken together. */
export function checkTogether(config: TopicConfig, replicationFactor: number): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const { minCompactionLagMs, maxCompactionLagMs, minInsyncReplicas } = config
  if (minCompactionLagMs > maxCompactionLagMs) {
    const name = 'min.compaction.lag.ms'
    const text = `It is above max.compaction.lag.ms, which is ${maxCompactionLagMs}.`
    problems.push({ name, value: String(minCompactionLagMs), origin: null, text })
  }
  if (minInsyncReplicas > replicationFactor) {
    problems.push(minInsyncProblem(minInsyncReplicas, replicationFactor))
  }
  return problems
}

/** What is wrong with more required replicas than there are. */
export function minInsyncProblem(value: number, replicas: number): ConfigProblem {
  const text =
    `A partition has ${replicas} replica${replicas === 1 ? '' : 's'}: with more required, no record ` +
    `could be acknowledged to producers with acks=all. Allowed is ${replicas} at most.`
  return { name: 'min.insync.replicas', value: String(value), origin: null, text }
}
