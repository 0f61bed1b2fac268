// What a change of configurations comes to, given what a resource has now.

import { BrokerError } from '../base/errors.ts'
import { problemText, type ConfigProblem } from '../config/config-error.ts'
import { optionOf } from '../config/check-configs.ts'
import type { ConfigChange } from '../metadata/cluster-control.ts'

/** A change without conditions: these are set, those unset. */
export interface ResolvedChange {
  readonly set: ReadonlyMap<string, string>
  readonly unset: readonly string[]
}

/**
 * @param own what the resource itself has now, by name
 * @throws BrokerError INVALID_REQUEST when a name is asked for twice, INVALID_CONFIG when a list is
 *   to be changed that is none
 */
export function resolveChange(
  change: ConfigChange,
  own: ReadonlyMap<string, string>,
): ResolvedChange {
  refuseTwice(change)
  const set = new Map(change.set)
  const lists = { append: change.append ?? [], subtract: change.subtract ?? [] }
  for (const [name, text] of lists.append) {
    const words = listOf(change, own, name)
    set.set(name, [...new Set([...words, ...wordsOf(text)])].join(','))
  }
  for (const [name, text] of lists.subtract) {
    const gone = new Set(wordsOf(text))
    const words = listOf(change, own, name)
    set.set(name, words.filter((word) => !gone.has(word)).join(','))
  }
  if (change.replace !== true) return { set, unset: change.unset }
  return { set, unset: [...own.keys()].filter((name) => !set.has(name)) }
}

/** @throws BrokerError INVALID_CONFIG that tells of all problems */
export function refuseProblems(problems: readonly ConfigProblem[]): void {
  const [first] = problems
  if (first === undefined) return
  const message = problems.slice(0, 20).map(problemText).join(' ')
  throw new BrokerError('INVALID_CONFIG', { message, name: first.name.slice(0, 300) })
}

/**
 * The state of coordinators stands in their topics: what is old by time may be the last word on its key.
 *
 * @param changed what the internal topic would have
 * @throws BrokerError INVALID_CONFIG when the change would have it removed
 */
export function refuseOtherPolicy(
  { set, unset }: ResolvedChange,
  changed: ReadonlyMap<string, string>,
): void {
  const name = 'cleanup.policy'
  const value = changed.get(name) ?? null
  if ((!set.has(name) && !unset.includes(name)) || value?.trim() === 'compact') return
  const text = 'Groups and transactions are kept in the topic, which is compacted and nothing else.'
  refuseProblems([{ name, value, origin: null, text }])
}

function refuseTwice({ set, unset, append, subtract }: ConfigChange): void {
  const names = [...set.keys(), ...unset, ...(append?.keys() ?? []), ...(subtract?.keys() ?? [])]
  const seen = new Set<string>()
  const twice = names.find((name) => seen.size === seen.add(name).size)
  if (twice === undefined) return
  const message = `${twice} is to be changed in two ways in one request; ask for one of them`
  throw new BrokerError('INVALID_REQUEST', { message, name: twice.slice(0, 300) })
}

/** What a list has now: its own words, or those of its default. */
function listOf(
  { resource }: ConfigChange,
  own: ReadonlyMap<string, string>,
  name: string,
): string[] {
  const option = optionOf(resource.type, name)
  // An option that is not known is refused as such, with its name, when all is checked.
  if (option === undefined || option.type === 'list') {
    return wordsOf(own.get(name) ?? option?.defaultText ?? '')
  }
  const message = `${name} takes no list, so nothing can be added to it or taken from it; set it`
  throw new BrokerError('INVALID_CONFIG', { message, name })
}

function wordsOf(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
}
