// Kafka's own command-line tools for administration, against a broker as a process: topics, configs,
// quotas, users, records, log directories; then the same broker again with authentication, for those
// tools and for clients in Python. Left out, with a line that says so, where Java or Python is missing;
// a continuous-integration run must have them.

import { spawnSync } from 'node:child_process'
import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fetchKafka, runKafkaClass } from '../../tools/kafka/fetch.mjs'
import { PYTHON_CLIENTS } from '../clients/python-clients.ts'
import { BrokerProcess } from '../support/broker-process.ts'
import { ROOT } from '../support/commands.ts'

const TIMEOUT_MS = 300_000

const { classpath, missing } = fetchKafka()
if (missing !== null) {
  if (process.env['CI'] !== undefined) throw new Error(missing)
  process.stderr.write(`test/compat/kafka-admin-tools.test.ts is left out: ${missing}\n`)
}

const TOPICS = 'org.apache.kafka.tools.TopicCommand'
const CONFIGS = 'kafka.admin.ConfigCommand'

let directory: string
let broker: BrokerProcess

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-admin-tools-'))
  broker = await start([])
})

afterAll(async () => {
  await broker.stop()
  rmSync(directory, { recursive: true, force: true })
})

function start(flags: readonly string[]): Promise<BrokerProcess> {
  return BrokerProcess.start(join(directory, 'data'), ['--kafka', '127.0.0.1:0', ...flags])
}

/** What the tool printed. */
function tool(name: string, ...args: string[]): string {
  const at = ['--bootstrap-server', broker.addresses.kafka]
  const { stdout, stderr, status } = runKafkaClass(classpath!, name, [...at, ...args], TIMEOUT_MS)
  expect(status, `${name} ${args.join(' ')}\n${stdout}${stderr}`).toBe(0)
  return stdout
}

/** What the tool complained about. */
function failure(name: string, ...args: string[]): string {
  const at = ['--bootstrap-server', broker.addresses.kafka]
  const { stdout, stderr } = runKafkaClass(classpath!, name, [...at, ...args], TIMEOUT_MS)
  return stdout + stderr
}

describe.skipIf(missing !== null)("Kafka's tools", { timeout: 2 * TIMEOUT_MS }, () => {
  test('kafka-topics makes, extends, describes and deletes topics', () => {
    const topic = ['--topic', 'tools']
    const config = ['--config', 'retention.ms=60000']
    expect(tool(TOPICS, '--create', ...topic, '--partitions', '2', ...config)).toContain('Created')
    expect(failure(TOPICS, '--create', ...topic)).toContain('already exists')
    tool(TOPICS, '--alter', ...topic, '--partitions', '3')
    tool(TOPICS, '--create', '--topic', 'by-hand', '--replica-assignment', '1,1')
    const described = tool(TOPICS, '--describe')
    expect(described).toMatch(/Topic: tools\s.*PartitionCount: 3\s.*retention\.ms=60000/)
    expect(described).toMatch(/Topic: by-hand\s.*PartitionCount: 2\s/)
    tool(TOPICS, '--delete', '--topic', 'by-hand')
    expect(tool(TOPICS, '--list').trim()).toBe('tools')
  })

  test('kafka-configs alters and describes topics and brokers', () => {
    const topic = ['--entity-type', 'topics', '--entity-name', 'tools']
    const set = ['--add-config', 'cleanup.policy=[compact,delete],segment.ms=70000']
    tool(CONFIGS, '--alter', ...topic, ...set, '--delete-config', 'retention.ms')
    const described = tool(CONFIGS, '--describe', ...topic)
    expect(described).toMatch(/cleanup\.policy=compact,delete .*DYNAMIC_TOPIC_CONFIG/)
    expect(described).toContain('segment.ms=70000')
    expect(described).not.toContain('retention.ms=60000')
    const brokers = ['--entity-type', 'brokers', '--entity-default']
    tool(CONFIGS, '--alter', ...brokers, '--add-config', 'log.retention.ms=80000')
    expect(tool(CONFIGS, '--describe', ...brokers)).toContain('log.retention.ms=80000')
  })

  test('kafka-configs alters and describes quotas', () => {
    const entity = ['--entity-type', 'users', '--entity-name', 'ann']
    const client = ['--entity-type', 'clients', '--entity-name', 'app']
    const limits = ['--add-config', 'producer_byte_rate=1024,consumer_byte_rate=2048']
    tool(CONFIGS, '--alter', ...entity, ...client, ...limits)
    const described = tool(CONFIGS, '--describe', ...entity, ...client)
    expect(described).toContain("user-principal 'ann', client-id 'app'")
    expect(described).toContain('producer_byte_rate=1024.0')
    expect(described).toContain('consumer_byte_rate=2048.0')
  })

  test('kafka-configs makes users with passwords', () => {
    const user = ['--entity-type', 'users', '--entity-name', 'alice']
    const password = 'password=alice-secret'
    const both = `SCRAM-SHA-256=[iterations=8192,${password}],SCRAM-SHA-512=[${password}]`
    tool(CONFIGS, '--alter', ...user, '--add-config', both)
    const described = tool(CONFIGS, '--describe', ...user)
    expect(described).toContain('SCRAM-SHA-256=iterations=8192')
    expect(described).toContain('SCRAM-SHA-512=iterations=4096')
  })

  test('kafka-delete-records, kafka-log-dirs, kafka-leader-election and the rest have answers', () => {
    const file = join(directory, 'records.json')
    const partitions = [{ topic: 'tools', partition: 0, offset: -1 }]
    writeFileSync(file, JSON.stringify({ version: 1, partitions }))
    const deleted = tool('org.apache.kafka.tools.DeleteRecordsCommand', '--offset-json-file', file)
    expect(deleted).toMatch(/tools-0\s+low_watermark: 0/)

    const told = tool('org.apache.kafka.tools.LogDirsCommand', '--describe')
    const { brokers } = JSON.parse(told.slice(told.indexOf('{'))) as {
      brokers: {
        broker: number
        logDirs: { logDir: string; partitions: { partition: string }[] }[]
      }[]
    }
    expect(brokers[0]!.logDirs[0]!.logDir).toBe(join(directory, 'data'))
    const names = brokers[0]!.logDirs[0]!.partitions.map(({ partition }) => partition)
    expect(names).toEqual(expect.arrayContaining(['tools-0', 'tools-1', 'tools-2']))

    const election = ['--election-type', 'preferred', '--topic', 'tools', '--partition', '0']
    const elected = tool('org.apache.kafka.tools.LeaderElectionCommand', ...election)
    expect(elected).toContain('Valid replica already elected')
    const moving = tool('org.apache.kafka.tools.reassign.ReassignPartitionsCommand', '--list')
    expect(moving).toContain('No partition reassignments found')
    expect(failure('org.apache.kafka.tools.AclCommand', '--list')).toContain('No Authorizer')
  })
})

describe.skipIf(missing !== null)('with authentication', { timeout: 2 * TIMEOUT_MS }, () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  beforeAll(async () => {
    await broker.stop()
    const users = join(directory, 'users.properties')
    writeFileSync(users, 'ann=ann-secret\n')
    const keys = join(directory, 'keys.json')
    writeFileSync(keys, JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] }))
    const options = {
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
      'sasl.plain.users.file': users,
      'sasl.oauthbearer.jwks.endpoint.url': `file://${keys}`,
    }
    broker = await start(Object.entries(options).flatMap(([k, v]) => ['--set', `${k}=${v}`]))
  })

  function token(user: string): string {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = { sub: user, exp: Math.floor(Date.now() / 1_000) + 3_600 }
    const signed = `${part({ alg: 'ES256' })}.${part(claims)}`
    const options = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const
    return `${signed}.${sign('sha256', Buffer.from(signed), options).toString('base64url')}`
  }

  /** Lists topics as a user. */
  function list(mechanism: string, module: string, login: string): string {
    const file = join(directory, 'client.properties')
    const lines = [
      'security.protocol=SASL_PLAINTEXT',
      `sasl.mechanism=${mechanism}`,
      `sasl.jaas.config=org.apache.kafka.common.security.${module} required ${login};`,
    ]
    writeFileSync(file, lines.join('\n'))
    return failure(TOPICS, '--list', '--command-config', file)
  }

  test('Java clients get in by PLAIN and SCRAM, and not with a wrong password', () => {
    const scram = 'scram.ScramLoginModule'
    const alice = 'username="alice" password="alice-secret"'
    expect(list('SCRAM-SHA-256', scram, alice).trim()).toBe('tools')
    expect(list('SCRAM-SHA-512', scram, alice).trim()).toBe('tools')
    const ann = 'username="ann" password="ann-secret"'
    expect(list('PLAIN', 'plain.PlainLoginModule', ann).trim()).toBe('tools')
    const wrong = 'username="alice" password="wrong"'
    expect(list('SCRAM-SHA-512', scram, wrong)).toContain('invalid credentials')
  })

  test.each([
    ['confluent-kafka', 'librdkafka, by SaslAuthenticate'],
    ['kafka-python', 'version 2.0.2, by bare tokens'],
  ])('%s gets in by every mechanism (%s)', async (name) => {
    const client = PYTHON_CLIENTS.find((one) => one.name === name)!
    const lacking = await client.prepare()
    if (lacking !== null) {
      if (process.env['CI'] !== undefined) throw new Error(lacking)
      process.stderr.write(`${name} is left out: ${lacking}\n`)
      return
    }
    const environment = join(ROOT, 'build/clients', `python-${name}-${client.version()}`)
    const script = fileURLToPath(new URL('sasl_clients.py', import.meta.url))
    const args = ['-B', script, name, broker.addresses.kafka, token('tim')]
    const python = join(environment, 'bin/python')
    const run = spawnSync(python, args, { encoding: 'utf8', timeout: TIMEOUT_MS })
    expect(
      run.stdout.split('\n').filter((line) => line !== ''),
      run.stderr,
    ).toEqual([
      'PLAIN tools',
      'SCRAM-SHA-256 tools',
      'SCRAM-SHA-512 tools',
      'OAUTHBEARER tools',
      'refused',
    ])
  })
})
