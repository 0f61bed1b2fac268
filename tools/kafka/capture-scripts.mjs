// What capture.mjs has each client do. A step that fails is told and passed over: a refusal has its
// frames too.

import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KAFKA_DIRECTORY } from './fetch.mjs'

const STEP_TIMEOUT_MS = 60_000
const PYTHON_CLIENTS = join(KAFKA_DIRECTORY, 'python-clients')
const NODE_CLIENTS = join(KAFKA_DIRECTORY, 'node-clients')

export const SCRIPTS = {
  'java-tools': { missing: () => null, run: javaTools },
  kcat: { missing: () => missingProgram('kcat'), run: kcat },
  kafkajs: { missing: () => missingPackages(), run: (place) => nodeClient('kafkajs', place) },
  platformatic: {
    missing: () => missingPackages(),
    run: (place) => nodeClient('platformatic', place),
  },
  'kafka-python': {
    missing: () => missingPython(),
    run: (place) => pythonClient('kafka-python', place),
  },
  confluent: { missing: () => missingPython(), run: (place) => pythonClient('confluent', place) },
}

function missingProgram(name) {
  const { error } = spawnSync(name, ['-V'], { stdio: 'ignore' })
  return error === undefined ? null : `${name} is not installed`
}

/** Installs the two clients beside Kafka's jars, with scripts off. */
function missingPackages() {
  const packages = ['kafkajs@2.2.4', '@platformatic/kafka@2.12.1']
  const options = ['--prefix', NODE_CLIENTS, '--ignore-scripts', '--no-audit', '--no-fund']
  const { status, stderr } = spawnSync('npm', ['install', ...options, ...packages], {
    encoding: 'utf8',
  })
  return status === 0 ? null : `npm: ${stderr.trim().split('\n').at(-1)}`
}

/** Installs the two clients beside Kafka's jars, wheels only. */
function missingPython() {
  const packages = ['kafka-python==2.0.2', 'confluent-kafka==2.15.0']
  const options = ['--quiet', '--only-binary', ':all:', '--target', PYTHON_CLIENTS]
  const pip = ['-m', 'pip', 'install', '--upgrade', ...options, ...packages]
  const { error, status, stderr } = spawnSync('python3', pip, { encoding: 'utf8' })
  if (error !== undefined) return 'python3 is not installed'
  return status === 0 ? null : `pip: ${stderr.trim().split('\n').at(-1)}`
}

async function pythonClient(name, { bootstrap, saslBootstrap }) {
  const script = fileURLToPath(new URL('capture_python_client.py', import.meta.url))
  process.env.PYTHONPATH = PYTHON_CLIENTS
  await step('python3', [script, name, bootstrap, saslBootstrap])
}

async function nodeClient(name, { bootstrap, saslBootstrap }) {
  const script = fileURLToPath(new URL('capture-node-client.mjs', import.meta.url))
  await step(process.execPath, [script, name, NODE_CLIENTS, bootstrap, saslBootstrap])
}

async function kcat({ bootstrap }) {
  const broker = ['-b', bootstrap]
  const produce = (...more) => ['-P', '-t', 'kcat-topic', '-K', ':', ...more]
  await step('kcat', [...broker, '-L'])
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    await step('kcat', [...broker, ...produce('-z', codec, '-H', 'trace=1')], 'a:1\nb:2\nc:3\n')
  }
  await step('kcat', [...broker, ...produce('-X', 'acks=0')], 'd:4\n')
  await step('kcat', [...broker, ...produce('-X', 'enable.idempotence=true')], 'e:5\n')
  await step('kcat', [...broker, ...produce('-X', 'transactional.id=kcat-transactions')], 'f:6\n')
  await step('kcat', [...broker, '-C', '-t', 'kcat-topic', '-e', '-o', 'beginning'])
  await step('kcat', [...broker, '-C', '-t', 'kcat-topic', '-e', '-o', 's@1600000000000'])
  await step('kcat', [...broker, '-Q', '-t', 'kcat-topic:0:1600000000000'])
  await step('kcat', [...broker, '-e', '-G', 'kcat-group', 'kcat-topic'])
  const member = ['-X', 'group.instance.id=kcat-1', '-X', 'auto.offset.reset=earliest']
  await step('kcat', [...broker, '-c', '1', ...member, '-G', 'kcat-static', 'kcat-topic'])
}

async function javaTools(place) {
  for (const [tool, args, input] of [
    ...topicSteps(),
    ...dataSteps(),
    ...groupSteps(),
    ...configSteps(),
    ...clusterSteps(place),
    ...saslSteps(place),
    ...closingSteps(),
  ]) {
    const options = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', place.classpath]
    const main = tool.startsWith('kafka.') ? tool : `org.apache.kafka.tools.${tool}`
    const given = args.map((arg) => (arg === '@' ? place.bootstrap : arg))
    await step('java', [...options, main, ...given], input)
  }
}

const AT = ['--bootstrap-server', '@']
const TOPIC = ['--topic', 'tools']

function topicSteps() {
  const create = ['--create', '--config', 'max.message.bytes=200000', '--partitions', '2']
  return [
    ['BrokerApiVersionsCommand', AT],
    ['TopicCommand', [...AT, ...TOPIC, ...create]],
    ['TopicCommand', [...AT, ...TOPIC, ...create]],
    ['TopicCommand', [...AT, '--topic', 'by-hand', '--create', '--replica-assignment', '1,1']],
    ['TopicCommand', [...AT, '--list']],
    ['TopicCommand', [...AT, '--describe']],
    ['TopicCommand', [...AT, '--describe', '--topic', 'absent']],
    ['TopicCommand', [...AT, ...TOPIC, '--alter', '--partitions', '3']],
  ]
}

function dataSteps() {
  const producer = (...more) => [...AT, ...TOPIC, '--reader-property', 'parse.key=true', ...more]
  const property = (text) => ['--command-property', text]
  const consumer = [...AT, ...TOPIC, '--from-beginning', '--timeout-ms', '4000']
  const transactional = ['--transactional-id', 'tools-transactions', '--transaction-duration-ms']
  const performance = [...TOPIC, '--num-records', '20', '--record-size', '10', '--throughput', '-1']
  return [
    ['ConsoleProducer', producer(), 'k1\tv1\nk2\tv2\n'],
    ['ConsoleProducer', producer('--compression-codec', 'zstd'), 'k3\tv3\n'],
    ['ConsoleProducer', producer(...property('acks=0')), 'k4\tv4\n'],
    ['ConsoleProducer', producer(...property('enable.idempotence=false')), 'k5\tv5\n'],
    ['ProducerPerformance', [...performance, ...transactional, '10', '--bootstrap-server', '@']],
    ['consumer.ConsoleConsumer', [...consumer, '--group', 'classic']],
    // Goes on where it stopped, and asks whether the leader epoch still ends there.
    ['consumer.ConsoleConsumer', [...consumer, '--group', 'classic']],
    [
      'consumer.ConsoleConsumer',
      [...consumer, '--group', 'newer', ...property('group.protocol=consumer')],
    ],
    [
      'consumer.ConsoleConsumer',
      [
        ...consumer,
        ...property('isolation.level=read_committed'),
        ...property('group.id=static'),
        ...property('group.instance.id=one'),
      ],
    ],
    [
      'consumer.ConsoleConsumer',
      [...AT, ...TOPIC, '--partition', '0', '--offset', '0', '--max-messages', '1'],
    ],
    ['GetOffsetShell', [...AT, ...TOPIC, '--time', 'earliest']],
    ['GetOffsetShell', [...AT, ...TOPIC, '--time', 'max-timestamp']],
    ['GetOffsetShell', [...AT, ...TOPIC, '--time', 'earliest-local']],
    ['GetOffsetShell', [...AT, ...TOPIC, '--time', 'latest-tiered']],
    ['GetOffsetShell', [...AT, ...TOPIC, '--time', '1600000000000']],
    ['TransactionsCommand', [...AT, 'list']],
    ['TransactionsCommand', [...AT, 'describe', '--transactional-id', 'tools-transactions']],
    ['TransactionsCommand', [...AT, 'describe-producers', ...TOPIC, '--partition', '0']],
    ['TransactionsCommand', [...AT, 'abort', ...TOPIC, '--partition', '0', '--start-offset', '0']],
  ]
}

function groupSteps() {
  const groups = 'consumer.group.ConsumerGroupCommand'
  const group = ['--group', 'classic']
  return [
    [groups, [...AT, '--list', '--state']],
    [groups, [...AT, '--describe', ...group]],
    [groups, [...AT, '--describe', '--group', 'newer', '--members', '--verbose']],
    [groups, [...AT, '--describe', '--all-groups', '--state']],
    [groups, [...AT, ...group, ...TOPIC, '--reset-offsets', '--to-earliest', '--execute']],
    [
      groups,
      [
        ...AT,
        ...group,
        ...TOPIC,
        '--reset-offsets',
        '--to-datetime',
        '2020-01-01T00:00:00.000',
        '--dry-run',
      ],
    ],
    [groups, [...AT, ...group, ...TOPIC, '--delete-offsets']],
    [groups, [...AT, '--delete', ...group]],
    [groups, [...AT, '--delete', '--group', 'absent']],
  ]
}

function configSteps() {
  const configs = 'kafka.admin.ConfigCommand'
  const topic = ['--entity-type', 'topics', '--entity-name', 'tools']
  const user = ['--entity-type', 'users', '--entity-name', 'scram-user']
  const password = '--add-config=SCRAM-SHA-256=[iterations=4096,password=scram-secret]'
  return [
    [configs, [...AT, '--describe', ...topic]],
    [configs, [...AT, '--describe', '--all', '--entity-type', 'topics', '--entity-name', 'absent']],
    [configs, [...AT, '--alter', ...topic, '--add-config', 'retention.ms=1000000']],
    [configs, [...AT, '--alter', ...topic, '--add-config', 'retention.ms=wrong']],
    [configs, [...AT, '--alter', ...topic, '--delete-config', 'retention.ms']],
    [configs, [...AT, '--describe', '--entity-type', 'brokers', '--entity-name', '1']],
    [configs, [...AT, '--alter', ...user, password]],
    [configs, [...AT, '--alter', ...user, '--add-config', 'request_percentage=12.5']],
    [configs, [...AT, '--describe', ...user]],
    [configs, [...AT, '--describe', '--entity-type', 'users']],
    [configs, [...AT, '--alter', ...user, '--delete-config', 'request_percentage']],
    [configs, [...AT, '--describe', '--entity-type', 'client-metrics']],
  ]
}

function clusterSteps({ directory }) {
  const acls = 'AclCommand'
  const rule = ['--allow-principal', 'User:ann', '--operation', 'read', '--topic', 'tools']
  const records = join(directory, 'delete-records.json')
  const where = '{"topic": "tools", "partition": 0, "offset": 1}'
  writeFileSync(records, `{"partitions": [${where}], "version": 1}`)
  const moves = join(directory, 'moves.json')
  const move = '{"topic": "tools", "partition": 0, "replicas": [1]}'
  writeFileSync(moves, `{"partitions": [${move}], "version": 1}`)
  const reassign = 'reassign.ReassignPartitionsCommand'
  const elect = ['--election-type', 'preferred']
  return [
    [acls, [...AT, '--add', ...rule]],
    [acls, [...AT, '--list']],
    [acls, [...AT, '--remove', '--force', ...rule]],
    ['DeleteRecordsCommand', [...AT, '--offset-json-file', records]],
    ['LogDirsCommand', [...AT, '--describe']],
    ['LeaderElectionCommand', [...AT, ...elect, ...TOPIC, '--partition', '0']],
    ['LeaderElectionCommand', [...AT, ...elect, '--all-topic-partitions']],
    [reassign, [...AT, '--execute', '--reassignment-json-file', moves]],
    [reassign, [...AT, '--list']],
    [reassign, [...AT, '--verify', '--reassignment-json-file', moves]],
    ['ClusterTool', ['cluster-id', ...AT]],
    ['ClusterTool', ['list-endpoints', ...AT]],
    ['ClientMetricsCommand', [...AT, '--list']],
  ]
}

function saslSteps({ directory, saslBootstrap }) {
  const login = (mechanism, module, name, password) => {
    const file = join(directory, `${mechanism}-${password}.properties`)
    const jaas = `org.apache.kafka.common.security.${module} required username="${name}"`
    writeFileSync(
      file,
      `security.protocol=SASL_PLAINTEXT\nsasl.mechanism=${mechanism}\n` +
        `sasl.jaas.config=${jaas} password="${password}";\n`,
    )
    return ['--bootstrap-server', saslBootstrap, '--list', '--command-config', file]
  }
  const plain = 'plain.PlainLoginModule'
  const scram = 'scram.ScramLoginModule'
  return [
    ['TopicCommand', login('PLAIN', plain, 'ann', 'ann-secret')],
    ['TopicCommand', login('SCRAM-SHA-256', scram, 'scram-user', 'scram-secret')],
    ['TopicCommand', login('PLAIN', plain, 'ann', 'wrong')],
  ]
}

function closingSteps() {
  return [
    [
      'kafka.admin.ConfigCommand',
      [
        ...AT,
        '--alter',
        '--entity-type',
        'users',
        '--entity-name',
        'scram-user',
        '--delete-config',
        'SCRAM-SHA-256',
      ],
    ],
    ['TopicCommand', [...AT, '--topic', 'by-hand', '--delete']],
  ]
}

/** Runs a program to its end, or for a minute. */
async function step(program, args, input = '') {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), STEP_TIMEOUT_MS)
  let output = ''
  child.stdout.on('data', (bytes) => (output += bytes))
  child.stderr.on('data', (bytes) => (output += bytes))
  child.stdin.end(input)
  const [code, signal] = await new Promise((resolve) => {
    child.on('exit', (...how) => resolve(how))
  })
  clearTimeout(timer)
  if (code === 0) return
  const last = output.trim().split('\n').slice(-2).join(' | ')
  process.stdout.write(`  ${code ?? signal}: ${args.slice(-4).join(' ')}: ${last.slice(0, 200)}\n`)
}
