// A broker's configuration, put together at its start: flags before the environment before the file
// before the defaults. Everything that is wrong is told at once.

import { formatHostPort, isLoopback, type HostPort } from './address.ts'
import {
  BROKER_OPTION_BY_NAME,
  BROKER_OPTIONS,
  type BrokerOptions,
  type BrokerValues,
} from './broker-options.ts'
import { minInsyncProblem } from './check-configs.ts'
import { ConfigError, type ConfigProblem } from './config-error.ts'
import { kafkaVariables, sluiceVariables, type Environment } from './environment.ts'
import { isSecurityOption, RENAMED, WITHOUT_EFFECT } from './kafka-options.ts'
import { nearestName } from './nearest-name.ts'
import type { AnyOption } from './option.ts'
import { parseProperties } from './properties-file.ts'
import { plainNumber } from './quantity.ts'
import { parseYamlOptions } from './yaml-file.ts'

/** Where a value was given, the one that wins first. */
export const GIVEN_SOURCES = ['flag', 'environment', 'file'] as const

export interface GivenValue {
  /** As Kafka would write it: `7d` has become `604800000`. */
  readonly text: string
  readonly source: (typeof GIVEN_SOURCES)[number]
  /** The flag, the variable, or the file's path. */
  readonly origin: string
}

/** The configuration that a broker starts with. */
export interface BrokerConfig {
  readonly values: BrokerValues
  /** What was given, by the option's name; defaults of topics are among them. */
  readonly given: ReadonlyMap<string, GivenValue>
  /** Sentences for the broker's log: what was understood, and has no effect. */
  readonly notices: readonly string[]
}

export interface ConfigInput {
  /** By the option's name, whatever the flag is called. */
  readonly flags?: ReadonlyMap<string, string>
  readonly environment?: Environment
  /** The path decides how it is read: YAML when it ends in .yaml or .yml, else .properties. */
  readonly file?: { readonly path: string; readonly text: string } | null
}

/** Flags of `sluice start` that have a name of their own. */
const FLAGS: ReadonlyMap<string, string> = new Map([
  ['data.dir', '--data-dir'],
  ['listeners.grpc', '--grpc'],
  ['listeners.http', '--http'],
  ['listeners.kafka', '--kafka'],
  ['log.level', '--log-level'],
  ['allow.insecure.listeners', '--allow-insecure-listeners'],
])

/**
 * Reads, checks and resolves all that was given.
 *
 * @throws ConfigError with everything that is wrong
 */
export function loadBrokerConfig(input: ConfigInput): BrokerConfig {
  const gathered = new Gathered()
  for (const [name, text] of input.flags ?? []) {
    gathered.add({ name, text, source: 'flag', origin: FLAGS.get(name) ?? '--set' })
  }
  for (const variable of sluiceVariables(input.environment ?? {})) {
    gathered.add({ ...variable, source: 'environment' })
  }
  for (const variable of kafkaVariables(input.environment ?? {})) {
    if (isKnown(variable.name)) gathered.add({ ...variable, source: 'environment' })
    else gathered.notices.push(`${variable.origin} is not known here, and has no effect`)
  }
  if (input.file) addFile(gathered, input.file)

  const { given, problems, notices } = gathered
  const values = valuesOf(given)
  problems.push(...listenerProblems(values, given), ...replicaProblems(given))
  problems.push(...saslProblems(values, given))
  if (values.saslEnabledMechanisms.length > 0) notices.push(ONE_FRONT_ASKS)
  if (problems.length > 0) throw new ConfigError(problems)
  return { values, given, notices }
}

const ONE_FRONT_ASKS =
  'sasl.enabled.mechanisms holds for the Kafka listener; the gRPC front asks nobody who they are'

interface Assignment extends GivenValue {
  readonly name: string
}

/** What was given so far. The first value of an option stays: sources come in their order. */
class Gathered {
  readonly given = new Map<string, GivenValue>()
  readonly problems: ConfigProblem[] = []
  readonly notices: string[] = []

  add({ name: givenName, text: givenText, source, origin }: Assignment): void {
    const name = RENAMED.get(givenName) ?? givenName
    const option = BROKER_OPTION_BY_NAME.get(name)
    if (option === undefined) return this.#addUnknown(givenName, origin)

    const text = plainNumber(givenText.trim(), option.unit)
    if (option.parse(text) === null) {
      const value = option.sensitive ? null : givenText
      this.problems.push({ name: givenName, value, origin, text: `Allowed is ${option.allowed}.` })
    }
    const earlier = this.given.get(name)
    if (earlier === undefined) this.given.set(name, { text, source, origin })
    else if (earlier.origin === origin && earlier.text !== text) {
      const twice = `${name} has another value there already, by another of its names.`
      this.problems.push({ name: givenName, value: givenText, origin, text: twice })
    }
  }

  #addUnknown(name: string, origin: string): void {
    const reason = WITHOUT_EFFECT.get(name)
    if (reason !== undefined) {
      this.notices.push(`${name} (${origin}) has no effect: ${reason}`)
      return
    }
    this.problems.push({ name, value: null, origin, text: unknownText(name) })
  }
}

function unknownText(name: string): string {
  if (isSecurityOption(name)) {
    return (
      'TLS and authorization come with a later release, and what is there of authentication are the ' +
      'options sasl.enabled.mechanisms and those beside it; nothing would be protected.'
    )
  }
  const nearest = nearestName(name, [...BROKER_OPTION_BY_NAME.keys(), ...RENAMED.keys()])
  return `There is no such option.${nearest === null ? '' : ` Did you mean ${nearest}?`}`
}

function isKnown(name: string): boolean {
  return (
    BROKER_OPTION_BY_NAME.has(name) ||
    RENAMED.has(name) ||
    WITHOUT_EFFECT.has(name) ||
    isSecurityOption(name)
  )
}

function addFile(gathered: Gathered, { path, text }: { path: string; text: string }): void {
  const yaml = /\.ya?ml$/i.test(path) ? parseYamlOptions(text) : null
  for (const { name, text: fault } of yaml?.faults ?? []) {
    gathered.problems.push({ name, value: null, origin: path, text: fault })
  }
  for (const [name, value] of yaml?.values ?? parseProperties(text)) {
    gathered.add({ name, text: value, source: 'file', origin: path })
  }
}

function valuesOf(given: ReadonlyMap<string, GivenValue>): BrokerValues {
  const pairs = Object.entries(BROKER_OPTIONS).map(([key, option]: [string, AnyOption]) => {
    const text = given.get(option.name)?.text
    const value = text === undefined ? null : option.parse(text)
    return [key, value ?? option.parse(option.defaultText!)] as const
  })
  // Each key has what its own option's `parse` gave.
  return Object.fromEntries(pairs) as { [Key in keyof BrokerOptions]: never }
}

function listenerProblems(
  values: BrokerValues,
  given: ReadonlyMap<string, GivenValue>,
): ConfigProblem[] {
  if (values.allowInsecureListeners) return []
  const listeners: readonly [AnyOption, HostPort | 'off'][] = [
    [BROKER_OPTIONS.listenersGrpc, values.listenersGrpc],
    [BROKER_OPTIONS.listenersHttp, values.listenersHttp],
    [BROKER_OPTIONS.listenersKafka, values.listenersKafka],
  ]
  return listeners.flatMap(([{ name }, address]) => {
    if (address === 'off' || isLoopback(address.host)) return []
    const text =
      'Other machines may reach this address, and there is no TLS yet, nor authentication but by ' +
      'SASL on the Kafka front: anybody who reaches it could read and delete everything. Listen on 127.0.0.1, or, in a ' +
      'network that you trust, allow it by --allow-insecure-listeners (allow.insecure.listeners=true).'
    const origin = given.get(name)?.origin ?? null
    return [{ name, value: formatHostPort(address), origin, text }]
  })
}

/** A mechanism that has nobody to let in is a mistake. */
function saslProblems(
  values: BrokerValues,
  given: ReadonlyMap<string, GivenValue>,
): ConfigProblem[] {
  const origin = given.get('sasl.enabled.mechanisms')?.origin ?? null
  const missing = (mechanism: string, option: string): ConfigProblem => {
    return { name: option, value: null, origin, text: `${mechanism} is enabled and needs it.` }
  }
  const problems: ConfigProblem[] = []
  const { saslEnabledMechanisms: enabled } = values
  if (enabled.includes('PLAIN') && values.saslPlainUsersFile === '') {
    problems.push(missing('PLAIN', 'sasl.plain.users.file'))
  }
  if (enabled.includes('OAUTHBEARER') && values.saslOauthbearerJwksEndpointUrl === '') {
    problems.push(missing('OAUTHBEARER', 'sasl.oauthbearer.jwks.endpoint.url'))
  }
  return problems
}

function replicaProblems(given: ReadonlyMap<string, GivenValue>): ConfigProblem[] {
  const value = given.get('min.insync.replicas')
  if (value === undefined || !(Number(value.text) > 1)) return []
  return [{ ...minInsyncProblem(Number(value.text), 1), origin: value.origin }]
}
