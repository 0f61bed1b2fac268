// The programs of a copy, in the clients of others: fetched and compiled below build/.

import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { classpathOf, NEW_KAFKA, OLD_KAFKA, javaMissing } from '../../clients/java-clients.ts'
import { JAVA_OPTIONS, type KafkaRelease } from '../../clients/java-clients.ts'
import { PYTHON_CLIENTS } from '../../clients/python-clients.ts'
import { NODE } from '../../support/broker-process.ts'
import { ROOT, runCommand } from '../../support/commands.ts'

const SOURCES = fileURLToPath(new URL('.', import.meta.url))
const CLASSES = join(ROOT, 'build/clients/copier-java')

/** A command without the words that tell what to do. */
export type Command = readonly string[]

/**
 * Copiers by their kind. `java` begins a transaction in a partition by its first record and has an
 * epoch for each (KIP-890, transaction.version 2), where the broker has; the others ask for each
 * partition first, and keep their epoch. Those of `sluice` are our own client, over either wire, and
 * have an epoch for each as well.
 */
export const COPIER_KINDS = [
  ...(['java', 'java-3.9', 'librdkafka'] as const),
  ...(['sluice-grpc', 'sluice-kafka'] as const),
] as const
export type CopierKind = (typeof COPIER_KINDS)[number]

const LIBRDKAFKA = PYTHON_CLIENTS.find(({ name }) => name === 'confluent-kafka')!

/** Prepares what these copiers, the feeder and the reader are made of. @returns what is missing */
export async function preparePrograms(kinds: readonly CopierKind[]): Promise<string | null> {
  const releases = new Set([NEW_KAFKA, ...(kinds.includes('java-3.9') ? [OLD_KAFKA] : [])])
  for (const release of releases) {
    const missing = await javaMissing(release)
    if (missing !== null) return missing
  }
  await compile()
  return kinds.includes('librdkafka') ? await LIBRDKAFKA.prepare() : null
}

export function copierCommand(kind: CopierKind): Command {
  if (kind === 'java') return java(NEW_KAFKA, 'Copier')
  if (kind === 'java-3.9') return java(OLD_KAFKA, 'Copier')
  if (kind !== 'librdkafka') return [NODE, join(SOURCES, 'node/copier.ts')]
  const { name } = LIBRDKAFKA
  const python = join(ROOT, `build/clients/python-${name}-${LIBRDKAFKA.version()}/bin/python`)
  return [python, '-B', join(SOURCES, 'python/copier.py')]
}

export function feederCommand(): Command {
  return java(NEW_KAFKA, 'Feeder')
}

export function readerCommand(): Command {
  return java(NEW_KAFKA, 'Reader')
}

function java(release: KafkaRelease, program: string): Command {
  return ['java', ...JAVA_OPTIONS, '-cp', `${CLASSES}:${classpathOf(release)}`, program]
}

/** Compiles what all releases of the clients have; only when a source is newer. */
async function compile(): Promise<void> {
  const folder = join(SOURCES, 'java')
  const sources = readdirSync(folder).map((name) => join(folder, name))
  const stamp = join(CLASSES, 'compiled')
  const isFresh =
    existsSync(stamp) && sources.every((path) => statSync(path).mtimeMs < statSync(stamp).mtimeMs)
  if (isFresh) return
  mkdirSync(CLASSES, { recursive: true })
  await runCommand('javac', ['-cp', classpathOf(NEW_KAFKA), '-d', CLASSES, ...sources])
  writeFileSync(stamp, '')
}
