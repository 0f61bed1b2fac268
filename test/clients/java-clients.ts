// Kafka's own clients for Java, from Maven Central.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fetchKafka, KAFKA_VERSION, kafkaVersionOf } from '../../tools/kafka/fetch.mjs'
import { isInstalled, ROOT, runCommand } from '../support/commands.ts'
import { runProgram, scenarioWithout, TRANSACTIONS } from './client.ts'
import type { Client, ScenarioStep } from './client.ts'

const SOURCES = fileURLToPath(new URL('java/', import.meta.url))
const SCENARIO_SOURCE = join(SOURCES, 'Scenario.java')

/** A Kafka whose clients and tools are run. */
export interface KafkaRelease {
  readonly version: string
  /** Null for the one of tools/kafka. */
  readonly pom: string | null
}

const OLD_POM = fileURLToPath(new URL('java/pom-3.9.xml', import.meta.url))
export const OLD_KAFKA: KafkaRelease = { version: kafkaVersionOf(OLD_POM), pom: OLD_POM }
export const NEW_KAFKA: KafkaRelease = { version: KAFKA_VERSION, pom: null }

export const JAVA_CLIENTS: readonly Client[] = [
  // In 3.9 the newer group protocol is a preview of another version of it.
  javaClient(OLD_KAFKA, ['newer group protocol']),
  javaClient(NEW_KAFKA, []),
]

/** Transactions of before and of since 4.0, in which each has an epoch of its own. */
export const JAVA_TRANSACTIONS: readonly Client[] = [OLD_KAFKA, NEW_KAFKA].map((release) => {
  return {
    name: 'kafka-clients (Java), transactions',
    version: () => release.version,
    steps: TRANSACTIONS,
    isQuick: false,
    prepare: () => javaMissing(release),
    run: async ({ bootstrap, prefix }, report) => {
      const classpath = await compiled(release, 'Transactions')
      await runProgram('java', [...classpath, 'Transactions', bootstrap, prefix], report)
    },
  }
})

/** One small process: what is measured is what it says, and others run beside it. */
export const JAVA_OPTIONS: readonly string[] = [
  ...['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'],
  ...['-Dfile.encoding=UTF-8', '-Dstdout.encoding=UTF-8'],
]

/** @throws Error with what this machine lacks */
export function classpathOf({ pom }: KafkaRelease): string {
  const { classpath, missing } = pom === null ? fetchKafka() : fetchKafka(pom)
  if (classpath === null) throw new Error(missing)
  return classpath
}

/** Null when there is a JDK and the jars of a release; otherwise what is missing. */
export async function javaMissing(release: KafkaRelease): Promise<string | null> {
  if (!isInstalled('javac', '-version')) return 'there is no javac: install a JDK 17'
  const { missing } = release.pom === null ? fetchKafka() : fetchKafka(release.pom)
  return missing
}

/**
 * Compiles a program of `java/` and what it shares with others.
 *
 * @returns what `java` is given before its name
 */
export async function compiled(release: KafkaRelease, name: string): Promise<readonly string[]> {
  const classes = join(ROOT, 'build/clients', `java-${release.version}`, name)
  const classpath = classpathOf(release)
  mkdirSync(classes, { recursive: true })
  const sources = ['Steps', name].map((source) => join(SOURCES, `${source}.java`))
  const options = ['-nowarn', '-encoding', 'UTF-8', '-proc:none']
  await runCommand('javac', [...options, '-cp', classpath, '-d', classes, ...sources])
  return [...JAVA_OPTIONS, '-cp', `${classes}:${classpath}`]
}

function javaClient(release: KafkaRelease, lacking: readonly ScenarioStep[]): Client {
  return {
    name: 'kafka-clients (Java)',
    version: () => release.version,
    steps: scenarioWithout(...lacking),
    isQuick: false,
    prepare: () => javaMissing(release),
    run: ({ bootstrap, prefix }, report) => {
      const newer = lacking.includes('newer group protocol') ? 'no' : 'yes'
      const program = [SCENARIO_SOURCE, bootstrap, prefix, newer]
      const words = [...JAVA_OPTIONS, '-cp', classpathOf(release), ...program]
      return runProgram('java', words, report)
    },
  }
}
