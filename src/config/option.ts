// An option as data: its name, what values it takes, what they mean. Tables of them stand in
// topic-options.ts and broker-options.ts; everything that is said about an option (validation, help,
// DescribeConfigs) is read from there.

/** Kafka's types of configuration values. */
export type OptionType = 'boolean' | 'int' | 'long' | 'double' | 'string' | 'list'

/** What a number counts; null where it is none. */
export type Unit = 'ms' | 'minutes' | 'hours' | 'bytes' | null

export interface Option<T> {
  /** Kafka's name where Kafka has the option. */
  readonly name: string
  readonly type: OptionType
  readonly unit: Unit
  /** The default as a user would write it. Null: there is none, another option has a say first. */
  readonly defaultText: string | null
  /** What values are allowed, in words: "0 or more". */
  readonly allowed: string
  /** Meaning, and when to change it. Says so when the option has no effect yet. */
  readonly doc: string
  /** May be altered while the broker runs. */
  readonly dynamic: boolean
  /** The value is not shown to anybody. */
  readonly sensitive: boolean
  /** @returns null when the text is no allowed value */
  parse(text: string): T | null
}

/** An option of any type, as tables and messages see it. */
export type AnyOption = Option<unknown>

/** The values that the options of a table give. */
export type Values<Table> = {
  readonly [Key in keyof Table]: Table[Key] extends Option<infer T> ? T : never
}

interface Spec {
  readonly default: string | null
  readonly doc: string
  readonly unit?: Unit
  readonly dynamic?: boolean
  readonly sensitive?: boolean
}

interface NumberSpec extends Spec {
  readonly min: number
  readonly max?: number
}

/** Largest number of Kafka's type long, as text: how its users write "no limit". */
export const LONG_MAX = '9223372036854775807'

const INT_MAX = 2 ** 31 - 1

type Rule<T> = Pick<Option<T>, 'type' | 'allowed' | 'parse'>

function option<T>(name: string, spec: Spec, rule: Rule<T>): Option<T> {
  return {
    name,
    ...rule,
    unit: spec.unit ?? null,
    defaultText: spec.default,
    doc: spec.doc,
    dynamic: spec.dynamic ?? false,
    sensitive: spec.sensitive ?? false,
  }
}

export function booleanOption(name: string, spec: Spec): Option<boolean> {
  return option(name, spec, {
    type: 'boolean',
    allowed: 'true or false',
    parse: (text) => {
      const word = text.toLowerCase()
      return word === 'true' ? true : word === 'false' ? false : null
    },
  })
}

/** A whole number of 32 bits. */
export function intOption(name: string, spec: NumberSpec): Option<number> {
  const { min, max = INT_MAX } = spec
  return option(name, spec, {
    type: 'int',
    allowed: max === INT_MAX ? `${min} or more` : `${min} to ${max}`,
    parse: (text) => {
      const value = /^[+-]?\d{1,10}$/.test(text) ? Number(text) : Number.NaN
      return value >= min && value <= max ? value : null
    },
  })
}

/**
 * A whole number of 64 bits. Numbers above 2^53 - 1, which is 285,000 years in milliseconds, count
 * as 2^53 - 1: to everything here they are "no limit".
 */
export function longOption(name: string, spec: NumberSpec): Option<number> {
  return option(name, spec, {
    type: 'long',
    allowed: `${spec.min} or more`,
    parse: (text) => {
      if (!/^[+-]?\d{1,19}$/.test(text)) return null
      const exact = BigInt(text.replace('+', ''))
      if (exact < BigInt(spec.min) || exact > BigInt(LONG_MAX)) return null
      return Math.min(Number(exact), Number.MAX_SAFE_INTEGER)
    },
  })
}

export function doubleOption(name: string, spec: NumberSpec & { max: number }): Option<number> {
  return option(name, spec, {
    type: 'double',
    allowed: `${spec.min} to ${spec.max}`,
    parse: (text) => {
      const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
      return value >= spec.min && value <= spec.max ? value : null
    },
  })
}

/** One of some words. */
export function choiceOption<const T extends string>(
  name: string,
  choices: readonly T[],
  spec: Spec,
): Option<T> {
  return option(name, spec, {
    type: 'string',
    allowed: `one of ${choices.join(', ')}`,
    parse: (text) => choices.find((choice) => choice === text) ?? null,
  })
}

/** One or more of some words, by commas, each once. */
export function listOption<const T extends string>(
  name: string,
  choices: readonly T[],
  spec: Spec,
): Option<readonly T[]> {
  return option(name, spec, {
    type: 'list',
    allowed: `one or more of ${choices.join(', ')}, separated by commas`,
    parse: (text) => {
      const words = text.split(',').map((word) => word.trim())
      const known = words.flatMap((word) => choices.find((choice) => choice === word) ?? [])
      return known.length === words.length && new Set(known).size === known.length ? known : null
    },
  })
}

/** Any text that `parse` takes. */
export function textOption<T>(
  name: string,
  spec: Spec & { allowed: string; parse: (text: string) => T | null },
): Option<T> {
  return option(name, spec, { type: 'string', allowed: spec.allowed, parse: spec.parse })
}
