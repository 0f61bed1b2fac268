// Brings Apache Kafka's jars from Maven Central to build/kafka/, once for each pom.xml.
//
//   node tools/kafka/fetch.mjs      prints the class path, or what is missing
//
// Plain JavaScript for Node 20 and later, as all of tools/.

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HERE = dirname(fileURLToPath(import.meta.url))
const POM = join(HERE, 'pom.xml')

/** Where the jars lie, and whatever Kafka's programs write while they run. */
export const KAFKA_DIRECTORY = join(HERE, '../../build/kafka')

/** The version that pom.xml pins. */
export const KAFKA_VERSION = kafkaVersionOf(POM)

const NEEDED_JAVA = 17
const FETCH_TIMEOUT_MS = 300_000

/** The version that a pom.xml pins. */
export function kafkaVersionOf(pom) {
  return /<kafka\.version>(.+?)</.exec(readFileSync(pom, 'utf8'))[1]
}

/**
 * Kafka's class path, fetched if it is not there yet.
 *
 * @param pom names the jars; ours unless another is given
 * @returns `{ classpath, missing: null }`, or `{ classpath: null, missing }` with a line that says
 *   what this machine lacks
 */
export function fetchKafka(pom = POM) {
  const java = missingJava()
  if (java !== null) return { classpath: null, missing: java }
  const digest = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 16)
  const jars = join(KAFKA_DIRECTORY, `jars-${digest}`)
  if (!existsSync(jars)) {
    const failure = copyJars(pom, jars)
    if (failure !== null) return { classpath: null, missing: failure }
  }
  return { classpath: join(jars, '*'), missing: null }
}

/**
 * Runs a class of Kafka to its end.
 *
 * @returns `{ status, stdout, stderr }`, whatever the status
 */
export function runKafkaClass(classpath, mainClass, args, timeoutMs = 120_000) {
  const utf8 = ['-Dfile.encoding=UTF-8', '-Dstdout.encoding=UTF-8', '-Dstderr.encoding=UTF-8']
  const java = ['-Xmx512m', '-XX:TieredStopAtLevel=1', ...utf8, '-cp', classpath, mainClass]
  const { error, status, stdout, stderr } = spawnSync('java', [...java, ...args], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
  })
  if (error !== undefined) throw error
  return { status, stdout, stderr }
}

function missingJava() {
  const { error, stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' })
  if (error !== undefined) return `java is missing: install a Java ${NEEDED_JAVA} runtime`
  const version = Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0)
  if (version >= NEEDED_JAVA) return null
  return `java is of version ${version}: Kafka ${KAFKA_VERSION} needs ${NEEDED_JAVA}`
}

/** Copies all jars beside, then renames, so that a fetch that was cut off leaves nothing. */
function copyJars(pom, jars) {
  const unfinished = `${jars}.${process.pid}.tmp`
  mkdirSync(KAFKA_DIRECTORY, { recursive: true })
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
  const args = ['-B', '-q', '-f', pom, goal, '-DincludeScope=runtime']
  const { error, status, stdout } = spawnSync('mvn', [...args, `-DoutputDirectory=${unfinished}`], {
    encoding: 'utf8',
    timeout: FETCH_TIMEOUT_MS,
  })
  if (error === undefined && status === 0) {
    try {
      renameSync(unfinished, jars)
    } catch (failure) {
      rmSync(unfinished, { recursive: true, force: true })
      if (!existsSync(jars)) throw failure // else another process was faster
    }
    return null
  }
  rmSync(unfinished, { recursive: true, force: true })
  if (error?.code === 'ENOENT') return 'mvn is missing: install Maven to fetch Kafka'
  const log = join(KAFKA_DIRECTORY, 'fetch-output.txt')
  writeFileSync(log, stdout ?? '')
  const reason = /\[ERROR\] (.+)/.exec(stdout ?? '')?.[1] ?? error?.message ?? `status ${status}`
  return `Kafka ${kafkaVersionOf(pom)} could not be fetched from Maven Central: ${reason}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { classpath, missing } = fetchKafka()
  process.stdout.write(`${classpath ?? missing}\n`)
  process.exitCode = missing === null ? 0 : 1
}
