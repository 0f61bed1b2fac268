// Options from the environment.
//
//   SLUICE_DATA_DIR               data.dir            dots become underscores
//   KAFKA_LOG_RETENTION_MS        log.retention.ms    as the images of Kafka name them:
//                                                     "." is "_", "_" is "__", "-" is "___"

import { BROKER_OPTION_BY_NAME } from './broker-options.ts'
import { WITHOUT_EFFECT, RENAMED } from './kafka-options.ts'

/** The environment of a process: `process.env`, or what a test puts in its place. */
export type Environment = Readonly<Record<string, string | undefined>>

export interface EnvironmentValue {
  /** The option's name, where the variable stands for one; a name like it, where it does not. */
  readonly name: string
  /** The variable. */
  readonly origin: string
  readonly text: string
}

/** Variables of ours that are no broker options: the commands read them. */
const COMMAND_VARIABLES = new Set(['SLUICE_BOOTSTRAP', 'SLUICE_CONFIG'])

/** Kubernetes sets these for a service that is called "sluice" or "kafka". */
const SERVICE_LINK =
  /^(SLUICE|KAFKA)_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(ADDR|PORT|PROTO))?)?)$/

/** Kafka's scripts read these themselves: they configure a JVM. */
const KAFKA_SCRIPTS =
  /^KAFKA_(VERSION|HOME|(HEAP|LOG4J|JMX|GC_LOG|JVM_PERFORMANCE)?_?OPTS|JMX_.*|LOG4J_.*|TOOLS_LOG4J_LOGLEVEL|DEBUG)$/

const NAME_BY_VARIABLE: ReadonlyMap<string, string> = new Map(
  [...BROKER_OPTION_BY_NAME.keys(), ...RENAMED.keys(), ...WITHOUT_EFFECT.keys()].map((name) => {
    return [`SLUICE_${name.replace(/[.-]/g, '_').toUpperCase()}`, name] as const
  }),
)

/** What the variables that begin with SLUICE_ say, known or not. */
export function sluiceVariables(environment: Environment): EnvironmentValue[] {
  return variables(environment, 'SLUICE_')
    .filter(({ origin }) => !COMMAND_VARIABLES.has(origin))
    .map(({ origin, text }) => {
      const name = NAME_BY_VARIABLE.get(origin)
      const guess = origin.slice('SLUICE_'.length).toLowerCase().replaceAll('_', '.')
      return { name: name ?? guess, origin, text }
    })
}

/** What the variables that begin with KAFKA_ say, known or not. */
export function kafkaVariables(environment: Environment): EnvironmentValue[] {
  return variables(environment, 'KAFKA_')
    .filter(({ origin }) => !KAFKA_SCRIPTS.test(origin))
    .map(({ origin, text }) => {
      const name = origin
        .slice('KAFKA_'.length)
        .toLowerCase()
        .replace(/_{1,3}/g, (run) => ['.', '_', '-'][run.length - 1]!)
      return { name, origin, text }
    })
}

function variables(environment: Environment, prefix: string): { origin: string; text: string }[] {
  return Object.entries(environment)
    .filter(([origin]) => origin.startsWith(prefix) && !SERVICE_LINK.test(origin))
    .map(([origin, text]) => ({ origin, text: text ?? '' }))
    .sort((a, b) => (a.origin < b.origin ? -1 : 1))
}
