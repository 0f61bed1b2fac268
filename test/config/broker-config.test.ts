// How a broker's configuration is put together, and what is said about mistakes.

import { describe, expect, test } from 'vitest'
import { BROKER_OPTION_BY_NAME } from '../../src/config/broker-options.ts'
import { loadBrokerConfig, type ConfigInput } from '../../src/config/broker-config.ts'
import { ConfigError, problemText } from '../../src/config/config-error.ts'

function problemsOf(input: ConfigInput): string[] {
  try {
    loadBrokerConfig(input)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(problemText)
    throw error
  }
  return []
}

function flags(values: Record<string, string>): ConfigInput {
  return { flags: new Map(Object.entries(values)) }
}

const YAML = { path: '/etc/sluice.yaml', text: '' }

describe('sources', () => {
  test('with nothing given, every value is its default', () => {
    const { values, given, notices } = loadBrokerConfig({})
    expect(values).toMatchObject({
      nodeId: 1,
      dataDir: './sluice-data',
      listenersGrpc: { host: '127.0.0.1', port: 9094 },
      listenersHttp: { host: '127.0.0.1', port: 9095 },
      listenersKafka: { host: '127.0.0.1', port: 9092 },
      advertisedListenersGrpc: 'same',
      autoCreateTopicsEnable: true,
      numPartitions: 1,
    })
    expect(given.size).toBe(0)
    expect(notices).toEqual([])
  })

  test('flags win over SLUICE_, that over KAFKA_, that over the file, that over defaults', () => {
    const text = 'num.partitions: 2\nnode.id: 2\ndata.dir: /file\nlog.level: warn\n'
    const environment = {
      KAFKA_NUM_PARTITIONS: '3',
      KAFKA_NODE_ID: '3',
      KAFKA_LOG_DIRS: '/kafka',
      SLUICE_NODE_ID: '4',
      SLUICE_NUM_PARTITIONS: '4',
    }
    const { values, given } = loadBrokerConfig({
      flags: new Map([['num.partitions', '5']]),
      environment,
      file: { ...YAML, text },
    })
    expect(values).toMatchObject({
      numPartitions: 5,
      nodeId: 4,
      dataDir: '/kafka',
      logLevel: 'warn',
    })
    expect(values.fetchMaxBytes).toBe(57_671_680)
    expect(given.get('num.partitions')).toEqual({ text: '5', source: 'flag', origin: '--set' })
    expect(given.get('node.id')).toMatchObject({ source: 'environment', origin: 'SLUICE_NODE_ID' })
    expect(given.get('data.dir')).toMatchObject({ text: '/kafka', origin: 'KAFKA_LOG_DIRS' })
    expect(given.get('log.level')).toMatchObject({ source: 'file', origin: '/etc/sluice.yaml' })
  })

  test('every option has a variable of its own', () => {
    for (const [name, { defaultText }] of BROKER_OPTION_BY_NAME) {
      const variable = `SLUICE_${name.toUpperCase().replaceAll('.', '_')}`
      const { given } = loadBrokerConfig({ environment: { [variable]: defaultText ?? '1' } })
      expect(given.get(name)?.origin).toBe(variable)
    }
  })

  test('durations and sizes may be written as people do', () => {
    const { given, values } = loadBrokerConfig(
      flags({ 'log.retention.ms': '7d', 'log.segment.bytes': '256MiB', 'fetch.max.bytes': '10MB' }),
    )
    expect(given.get('log.retention.ms')?.text).toBe('604800000')
    expect(given.get('log.segment.bytes')?.text).toBe(String(256 * 2 ** 20))
    expect(values.fetchMaxBytes).toBe(10_000_000)
    expect(
      loadBrokerConfig(flags({ 'log.retention.hours': '2d' })).given.get('log.retention.hours'),
    ).toMatchObject({ text: '48' })
  })

  test('variables of commands, of Kubernetes and of the JVM are none of ours', () => {
    const environment = {
      SLUICE_BOOTSTRAP: 'x:1',
      SLUICE_CONFIG: '/x',
      SLUICE_PORT: 'tcp://10.0.0.1:9094',
      SLUICE_SERVICE_HOST: '10.0.0.1',
      SLUICE_PORT_9094_TCP_ADDR: '10.0.0.1',
      KAFKA_SERVICE_PORT_KAFKA: '9092',
      KAFKA_HEAP_OPTS: '-Xmx1g',
      KAFKA_JMX_PORT: '1',
      PATH: '/bin',
    }
    const { given, notices } = loadBrokerConfig({ environment })
    expect([given.size, notices]).toEqual([0, []])
  })

  test('what a Kafka image is started with is understood, and what has no effect is told', () => {
    const environment = {
      KAFKA_NODE_ID: '7',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '7@localhost:9093',
      KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://localhost:9092',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      KAFKA_LOG_RETENTION_MS: '1000',
      KAFKA_WHATEVER: '1',
    }
    const { values, given, notices } = loadBrokerConfig({ environment })
    expect(values.nodeId).toBe(7)
    expect(given.get('log.retention.ms')?.text).toBe('1000')
    expect(values.groupInitialRebalanceDelayMs).toBe(0)
    expect(notices).toHaveLength(5)
    expect(notices.find((notice) => notice.includes('process.roles'))).toContain('quorum')
    expect(notices.find((notice) => notice.includes('KAFKA_WHATEVER'))).toContain('not known')
  })
})

describe('files', () => {
  test('YAML may nest names, list values, and keeps the digits of large numbers', () => {
    const text = `
# a broker
listeners:
  grpc: 127.0.0.1:1
  http: "off"
log:
  cleanup.policy: [compact, delete]
  retention: { ms: 9223372036854775807 }
log.index.interval.bytes:
broker.rack: ""
`
    const { values, given } = loadBrokerConfig({ file: { path: 'a.yml', text } })
    expect(values).toMatchObject({
      listenersGrpc: { host: '127.0.0.1', port: 1 },
      listenersHttp: 'off',
    })
    expect(given.get('log.cleanup.policy')?.text).toBe('compact,delete')
    expect(given.get('log.retention.ms')?.text).toBe('9223372036854775807')
    expect(given.has('log.index.interval.bytes')).toBe(false)
    expect(given.has('broker.rack')).toBe(true)
  })

  test.each([
    ['a: [', 'YAML'],
    ['node.id: {1: {2: 3}}\n? [a]\n: 1', 'no plain text'],
    ['- 1\n- 2', 'holds no names'],
    ['data.dir: [[a]]', 'neither a value nor a list'],
    ['a: &x 1\nb: *x', 'neither a value nor a list'],
  ])('YAML that is not names and values says so: %j', (text, said) => {
    expect(problemsOf({ file: { ...YAML, text } }).join('\n')).toContain(said)
  })

  test('.properties are read as Java reads them', () => {
    const text = [
      '# comment',
      '  ! another = 1',
      'node.id=3',
      'num.partitions : 4',
      'log.level warn',
      'broker.rack = a \\',
      '    b\\u0021\\t=\\\\',
      'data.dir=/a\\:b',
      'log.dirs=/a\\:b',
      '',
    ].join('\r\n')
    const { values } = loadBrokerConfig({ file: { path: 'server.properties', text } })
    expect(values).toMatchObject({
      nodeId: 3,
      numPartitions: 4,
      logLevel: 'warn',
      brokerRack: 'a b!\t=\\',
      dataDir: '/a:b',
    })
  })
})

describe('mistakes', () => {
  test('are told all at once, each with its name, value, place, what is allowed, what was meant', () => {
    const problems = problemsOf({
      flags: new Map([['listeners.grpc', 'nowhere']]),
      environment: { SLUICE_NUM_PARTITION: '3', SLUICE_NODE_ID: '-1' },
      file: {
        path: 'sluice.yaml',
        text: 'log.retentoin.ms: 5\nlog.segment.bytes: 12\nqwertyuiop: 1\n',
      },
    })
    expect(problems).toEqual([
      'listeners.grpc = nowhere (--grpc): Allowed is host:port with a port of 0 to 65535, or off.',
      'node.id = -1 (SLUICE_NODE_ID): Allowed is 0 or more.',
      'num.partition (SLUICE_NUM_PARTITION): There is no such option. Did you mean num.partitions?',
      'log.retentoin.ms (sluice.yaml): There is no such option. Did you mean log.retention.ms?',
      'log.segment.bytes = 12 (sluice.yaml): Allowed is 1048576 or more.',
      'qwertyuiop (sluice.yaml): There is no such option.',
    ])
  })

  test('of a value that stands twice under two names are told', () => {
    const text = 'data.dir=/a\nlog.dirs=/b\n'
    expect(problemsOf({ file: { path: 'x.properties', text } })).toEqual([
      'log.dirs = /b (x.properties): data.dir has another value there already, by another of its names.',
    ])
  })

  test('of several directories are told', () => {
    expect(problemsOf({ environment: { KAFKA_LOG_DIRS: '/a,/b' } })[0]).toContain('one directory')
  })

  test('names that objects have of themselves are unknown options', () => {
    const file = { path: 'x.properties', text: '__proto__=1\nconstructor=2\nhasOwnProperty=3' }
    expect(problemsOf({ file })).toHaveLength(3)
  })

  test('control characters and long values do not reach the terminal', () => {
    const [problem] = problemsOf(flags({ 'node.id': `\u001b[31m${'9'.repeat(1_000)}` }))
    expect(problem).not.toContain('\u001b')
    expect(problem!.length).toBeLessThan(400)
  })

  test('options that would protect the broker are refused, not passed over', () => {
    const environment = {
      KAFKA_SASL_ENABLED_MECHANISMS: 'PLAIN',
      KAFKA_SSL_KEYSTORE_LOCATION: '/x',
      KAFKA_AUTHORIZER_CLASS_NAME: 'x',
    }
    const problems = problemsOf({ environment })
    expect(problems).toHaveLength(3)
    expect(problems[0]).toContain('nothing would be protected')
  })

  test('more in-sync replicas than there are would stop every producer', () => {
    expect(problemsOf({ environment: { KAFKA_MIN_INSYNC_REPLICAS: '2' } })[0]).toContain(
      'Allowed is 1',
    )
    expect(problemsOf(flags({ 'default.replication.factor': '3' }))[0]).toContain('1 to 1')
  })
})

describe('listeners', () => {
  test.each([
    '127.0.0.1:1',
    '127.9.9.9:1',
    'localhost:1',
    '[::1]:1',
    '[::ffff:127.0.0.1]:0',
    'off',
  ])('on %s need no leave', (address) => {
    expect(problemsOf(flags({ 'listeners.grpc': address }))).toEqual([])
  })

  test.each([
    '0.0.0.0:1',
    '[::]:1',
    '10.0.0.1:1',
    'example.com:1',
    '127.example.com:1',
    '128.0.0.1:1',
  ])('on %s are refused until they are allowed', (address) => {
    for (const name of ['listeners.grpc', 'listeners.http', 'listeners.kafka']) {
      const [problem] = problemsOf(flags({ [name]: address }))
      expect(problem).toContain('--allow-insecure-listeners')
      expect(problem).toContain(name)
      const allowed = { [name]: address, 'allow.insecure.listeners': 'true' }
      expect(problemsOf(flags(allowed))).toEqual([])
    }
  })

  test.each([
    '',
    '1',
    ':1',
    'a:',
    'a:65536',
    'a b:1',
    'a:1:2',
    '[::1]',
    'http://a:1',
    '[a:1',
    'u@a:1',
  ])('%j is no address', (address) => {
    expect(problemsOf(flags({ 'listeners.grpc': address }))).toHaveLength(1)
  })
})

describe('authentication', () => {
  test('with a mechanism that could let nobody in stops the start', () => {
    expect(problemsOf(flags({ 'sasl.enabled.mechanisms': 'PLAIN,OAUTHBEARER' }))).toEqual([
      'sasl.plain.users.file (--set): PLAIN is enabled and needs it.',
      'sasl.oauthbearer.jwks.endpoint.url (--set): OAUTHBEARER is enabled and needs it.',
    ])
    for (const mechanisms of ['GSSAPI', 'PLAIN,PLAIN', 'plain', 'PLAIN,']) {
      const [problem] = problemsOf(flags({ 'sasl.enabled.mechanisms': mechanisms }))
      expect(problem, mechanisms).toContain('sasl.enabled.mechanisms')
    }
    const url = { 'sasl.oauthbearer.jwks.endpoint.url': 'https://issuer/keys' }
    expect(problemsOf(flags(url))).toHaveLength(1)
  })

  test('is told to hold for one front alone', () => {
    const { values, notices } = loadBrokerConfig(
      flags({ 'sasl.enabled.mechanisms': 'SCRAM-SHA-512, SCRAM-SHA-256' }),
    )
    expect(values.saslEnabledMechanisms).toEqual(['SCRAM-SHA-512', 'SCRAM-SHA-256'])
    expect(notices).toEqual([expect.stringContaining('gRPC')])
    expect(loadBrokerConfig({}).values.saslEnabledMechanisms).toEqual([])
  })
})
