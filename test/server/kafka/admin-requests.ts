// What an administrator may ask over the Kafka protocol, good and bad, as a list of requests that is
// run from its start to its end against an empty broker: our own, and Apache Kafka.

import { ZERO_UUID } from '../../../src/base/uuid.ts'
import { ALTER_CLIENT_QUOTAS } from '../../../src/protocol/kafka/gen/alter-client-quotas.ts'
import { DESCRIBE_CLIENT_QUOTAS } from '../../../src/protocol/kafka/gen/describe-client-quotas.ts'
import { ALTER_CONFIGS } from '../../../src/protocol/kafka/gen/alter-configs.ts'
import { ALTER_PARTITION_REASSIGNMENTS } from '../../../src/protocol/kafka/gen/alter-partition-reassignments.ts'
import { ALTER_USER_SCRAM_CREDENTIALS } from '../../../src/protocol/kafka/gen/alter-user-scram-credentials.ts'
import { DESCRIBE_USER_SCRAM_CREDENTIALS } from '../../../src/protocol/kafka/gen/describe-user-scram-credentials.ts'
import { CREATE_ACLS } from '../../../src/protocol/kafka/gen/create-acls.ts'
import { CREATE_PARTITIONS } from '../../../src/protocol/kafka/gen/create-partitions.ts'
import { CREATE_TOPICS } from '../../../src/protocol/kafka/gen/create-topics.ts'
import { DELETE_ACLS } from '../../../src/protocol/kafka/gen/delete-acls.ts'
import { DELETE_RECORDS } from '../../../src/protocol/kafka/gen/delete-records.ts'
import { DELETE_TOPICS } from '../../../src/protocol/kafka/gen/delete-topics.ts'
import { DESCRIBE_ACLS } from '../../../src/protocol/kafka/gen/describe-acls.ts'
import { DESCRIBE_CONFIGS } from '../../../src/protocol/kafka/gen/describe-configs.ts'
import { DESCRIBE_LOG_DIRS } from '../../../src/protocol/kafka/gen/describe-log-dirs.ts'
import { ELECT_LEADERS } from '../../../src/protocol/kafka/gen/elect-leaders.ts'
import { INCREMENTAL_ALTER_CONFIGS } from '../../../src/protocol/kafka/gen/incremental-alter-configs.ts'
import { LIST_CONFIG_RESOURCES } from '../../../src/protocol/kafka/gen/list-config-resources.ts'
import { LIST_PARTITION_REASSIGNMENTS } from '../../../src/protocol/kafka/gen/list-partition-reassignments.ts'
import type { Api } from '../../../src/protocol/kafka/message-codec.ts'

/** Whoever sends a request and gives back its answer. */
export interface AdminClient {
  call<Init, Response>(
    api: Api<unknown, Init, Response, never>,
    version: number,
    message: Init,
  ): Promise<Response>
}

export interface AdminStep {
  /** Unlike that of any other step. */
  readonly title: string
  ask(client: AdminClient): Promise<unknown>
}

function step<Init, Response>(
  title: string,
  api: Api<unknown, Init, Response, never>,
  version: number,
  request: Init,
): AdminStep {
  return {
    title: `${title} (${api.name} ${version})`,
    ask: (client) => client.call(api, version, request),
  }
}

interface NewTopicFields {
  readonly partitions?: number
  readonly replicas?: number
  readonly assignments?: readonly (readonly [partition: number, ...brokers: number[]])[]
  readonly configs?: Readonly<Record<string, string | null>>
}

function newTopic(name: string, fields: NewTopicFields = {}) {
  const { partitions = -1, replicas = -1, assignments = [], configs = {} } = fields
  return {
    name,
    numPartitions: partitions,
    replicationFactor: replicas,
    assignments: assignments.map(([partitionIndex, ...brokerIds]) => ({
      partitionIndex,
      brokerIds,
    })),
    configs: Object.entries(configs).map(([configName, value]) => ({ name: configName, value })),
  }
}

function create(
  title: string,
  version: number,
  ...topics: ReturnType<typeof newTopic>[]
): AdminStep {
  return step(title, CREATE_TOPICS, version, { topics, validateOnly: false })
}

const CREATION: readonly AdminStep[] = [
  create('with numbers', 2, newTopic('numbers', { partitions: 3, replicas: 1 })),
  create('-1 takes the defaults', 4, newTopic('defaults')),
  create('ids and configs come back', 7, newTopic('own', { configs: { 'retention.ms': '1000' } })),
  create('configs come back, ids do not yet', 5, newTopic('v5', { partitions: 2 })),
  step('only validated', CREATE_TOPICS, 7, { topics: [newTopic('unreal')], validateOnly: true }),
  step('validated and refused', CREATE_TOPICS, 7, {
    topics: [newTopic('own')],
    validateOnly: true,
  }),
  create('that is there', 7, newTopic('own')),
  create('twice in one request', 7, newTopic('twice'), newTopic('once'), newTopic('twice')),
  create(
    'no partitions',
    7,
    newTopic('none', { partitions: 0 }),
    newTopic('less', { partitions: -2 }),
  ),
  create('no replicas', 7, newTopic('none', { replicas: 0 }), newTopic('less', { replicas: -2 })),
  create('too many replicas', 7, newTopic('many', { replicas: 3 })),
  create('bad names', 7, newTopic(''), newTopic('.'), newTopic('a b'), newTopic('x'.repeat(250))),
  create('names that metrics mix up', 7, newTopic('a.b')),
  create('names that metrics mix up, second', 7, newTopic('a_b')),
  create('unknown config', 7, newTopic('config', { configs: { nonsense: '1' } })),
  create('bad value', 7, newTopic('config', { configs: { 'retention.ms': 'soon' } })),
  create('no value', 7, newTopic('config', { configs: { 'retention.ms': null } })),
  create(
    'by hand',
    7,
    newTopic('hand', {
      assignments: [
        [0, 1],
        [1, 1],
      ],
    }),
  ),
  create(
    'by hand, in disorder',
    7,
    newTopic('hand-disorder', {
      assignments: [
        [1, 1],
        [0, 1],
      ],
    }),
  ),
  create(
    'by hand and with a number',
    7,
    newTopic('both', { partitions: 1, assignments: [[0, 1]] }),
  ),
  create('by hand and with replicas', 7, newTopic('both', { replicas: 1, assignments: [[0, 1]] })),
  create('by hand, unknown broker', 7, newTopic('other', { assignments: [[0, 7]] })),
  create('by hand, twice on a broker', 7, newTopic('other', { assignments: [[0, 1, 1]] })),
  create('by hand, on no broker', 7, newTopic('other', { assignments: [[0]] })),
  create(
    'by hand, with a gap',
    7,
    newTopic('other', {
      assignments: [
        [0, 1],
        [2, 1],
      ],
    }),
  ),
  create(
    'by hand, a partition twice',
    7,
    newTopic('other', {
      assignments: [
        [0, 1],
        [0, 1],
      ],
    }),
  ),
  create(
    'by hand, uneven',
    7,
    newTopic('other', {
      assignments: [
        [0, 1],
        [1, 1, 7],
      ],
    }),
  ),
]

function extend(title: string, name: string, count: number, assignments: number[][] | null = null) {
  const given = assignments?.map((brokerIds) => ({ brokerIds })) ?? null
  const topics = [{ name, count, assignments: given }]
  return step(title, CREATE_PARTITIONS, 3, { topics, timeoutMs: 10_000, validateOnly: false })
}

const EXTENSION: readonly AdminStep[] = [
  extend('more', 'own', 2),
  extend('by hand', 'own', 3, [[1]]),
  extend('as many', 'own', 3),
  extend('fewer', 'own', 2),
  extend('none', 'own', 0),
  extend('unknown topic', 'nothing', 3),
  extend('too few by hand', 'own', 5, [[1]]),
  extend('by hand on an unknown broker', 'own', 4, [[7]]),
  extend('by hand on two where one is the rule', 'own', 4, [[1, 7]]),
  step('twice', CREATE_PARTITIONS, 1, {
    topics: [
      { name: 'own', count: 4, assignments: null },
      { name: 'own', count: 5, assignments: null },
    ],
    timeoutMs: 10_000,
    validateOnly: false,
  }),
  step('only validated', CREATE_PARTITIONS, 0, {
    topics: [{ name: 'own', count: 9, assignments: null }],
    timeoutMs: 10_000,
    validateOnly: true,
  }),
]

const TOPIC = 2
const BROKER = 4
const LOGGER = 8
const CLIENT_METRICS = 16

interface DescribeFields {
  readonly keys?: readonly string[] | null
  readonly synonyms?: boolean
  readonly documentation?: boolean
  readonly version?: number
}

function describeConfigs(title: string, type: number, name: string, fields: DescribeFields = {}) {
  const { keys = null, synonyms = false, documentation = false, version = 4 } = fields
  return step(title, DESCRIBE_CONFIGS, version, {
    resources: [{ resourceType: type, resourceName: name, configurationKeys: keys }],
    includeSynonyms: synonyms,
    ...(version >= 3 ? { includeDocumentation: documentation } : {}),
  })
}

const SOME = [
  'retention.ms',
  'cleanup.policy',
  'max.message.bytes',
  'preallocate',
  'min.cleanable.dirty.ratio',
]

const DESCRIPTION: readonly AdminStep[] = [
  describeConfigs('some of a topic', TOPIC, 'own', { keys: SOME }),
  describeConfigs('with synonyms', TOPIC, 'own', {
    keys: ['retention.ms'],
    synonyms: true,
    version: 1,
  }),
  describeConfigs('an unknown one', TOPIC, 'own', { keys: ['nonsense'] }),
  describeConfigs('of an unknown topic', TOPIC, 'nothing', { keys: SOME }),
  describeConfigs('of a bad name', TOPIC, 'a b', { keys: SOME }),
  describeConfigs('of a broker', BROKER, '1', {
    keys: ['log.cleanup.policy', 'node.id'],
    version: 3,
  }),
  describeConfigs('of all brokers', BROKER, ''),
  describeConfigs('of another broker', BROKER, '7'),
  describeConfigs('of a broker with a name', BROKER, 'seven'),
  describeConfigs('of the loggers of another broker', LOGGER, '7'),
  describeConfigs('of an unknown type', 77, 'x'),
]

type Op = readonly [op: number, name: string, value: string | null]
const SET = 0
const DELETE = 1
const APPEND = 2
const SUBTRACT = 3

function change(title: string, type: number, name: string, ...ops: Op[]): AdminStep {
  const configs = ops.map(([configOperation, key, value]) => ({
    name: key,
    configOperation,
    value,
  }))
  const resources = [{ resourceType: type, resourceName: name, configs }]
  return step(title, INCREMENTAL_ALTER_CONFIGS, 1, { resources, validateOnly: false })
}

function replace(
  title: string,
  type: number,
  name: string,
  configs: Record<string, string | null>,
) {
  const pairs = Object.entries(configs).map(([key, value]) => ({ name: key, value }))
  const resources = [{ resourceType: type, resourceName: name, configs: pairs }]
  return step(title, ALTER_CONFIGS, 2, { resources, validateOnly: false })
}

const OWN = (title: string): AdminStep => {
  return describeConfigs(title, TOPIC, 'own', { keys: [...SOME, 'segment.ms'] })
}

const CHANGES: readonly AdminStep[] = [
  change(
    'set and delete',
    TOPIC,
    'own',
    [SET, 'segment.ms', '5000'],
    [DELETE, 'retention.ms', null],
  ),
  OWN('after set and delete'),
  change('append', TOPIC, 'own', [APPEND, 'cleanup.policy', 'compact']),
  OWN('after append'),
  change('append what is there', TOPIC, 'own', [APPEND, 'cleanup.policy', 'compact']),
  change('subtract', TOPIC, 'own', [SUBTRACT, 'cleanup.policy', 'delete']),
  OWN('after subtract'),
  change('append to what is no list', TOPIC, 'own', [APPEND, 'segment.ms', '1']),
  change('append nonsense', TOPIC, 'own', [APPEND, 'cleanup.policy', 'nonsense']),
  change('set nothing', TOPIC, 'own', [SET, 'segment.ms', null]),
  change('set nonsense', TOPIC, 'own', [SET, 'segment.ms', 'soon']),
  change('set an unknown one', TOPIC, 'own', [SET, 'nonsense', '1']),
  change('delete an unknown one', TOPIC, 'own', [DELETE, 'nonsense', null]),
  change('unknown operation', TOPIC, 'own', [9, 'segment.ms', '1']),
  change('one name twice', TOPIC, 'own', [SET, 'segment.ms', '1'], [SET, 'segment.ms', '2']),
  change('of an unknown topic', TOPIC, 'nothing', [SET, 'segment.ms', '1']),
  change('of a broker', BROKER, '1', [SET, 'log.retention.ms', '7000']),
  change('of all brokers', BROKER, '', [SET, 'log.retention.ms', '8000']),
  describeConfigs('dynamic ones of a broker', BROKER, '1', {
    keys: ['log.retention.ms'],
    synonyms: true,
  }),
  describeConfigs('dynamic ones of all', BROKER, '', {
    keys: ['log.retention.ms'],
    synonyms: true,
  }),
  change('of a broker, read only', BROKER, '1', [SET, 'node.id', '2']),
  change('of another broker', BROKER, '7', [SET, 'log.retention.ms', '1']),
  change('of a broker with a name', BROKER, 'seven', [SET, 'log.retention.ms', '1']),
  change('of a type that is none', 77, 'x', [SET, 'segment.ms', '1']),
  step('one resource twice', INCREMENTAL_ALTER_CONFIGS, 0, {
    resources: [
      {
        resourceType: TOPIC,
        resourceName: 'own',
        configs: [{ name: 'segment.ms', configOperation: SET, value: '3' }],
      },
      {
        resourceType: TOPIC,
        resourceName: 'own',
        configs: [{ name: 'segment.ms', configOperation: SET, value: '4' }],
      },
    ],
    validateOnly: false,
  }),
  step('only validated', INCREMENTAL_ALTER_CONFIGS, 1, {
    resources: [
      {
        resourceType: TOPIC,
        resourceName: 'own',
        configs: [{ name: 'segment.ms', configOperation: SET, value: '3' }],
      },
      { resourceType: TOPIC, resourceName: 'nothing', configs: [] },
    ],
    validateOnly: true,
  }),
  OWN('as it was'),
  replace('all', TOPIC, 'own', { 'retention.ms': '2000' }),
  OWN('after all were replaced'),
  replace('nonsense', TOPIC, 'own', { 'retention.ms': 'soon' }),
  replace('an unknown one', TOPIC, 'own', { nonsense: '1' }),
  replace('no value', TOPIC, 'own', { 'retention.ms': null }),
  replace('of an unknown topic', TOPIC, 'nothing', { 'retention.ms': '1' }),
  step('only validated', ALTER_CONFIGS, 1, {
    resources: [{ resourceType: TOPIC, resourceName: 'own', configs: [] }],
    validateOnly: true,
  }),
  replace('none', TOPIC, 'own', {}),
  OWN('after all went'),
  replace('of a broker', BROKER, '1', {}),
  replace('of all brokers', BROKER, '', { 'min.insync.replicas': '1' }),
  describeConfigs('dynamic ones went', BROKER, '1', { keys: ['log.retention.ms'] }),
  step('client metrics', LIST_CONFIG_RESOURCES, 0, {}),
  step('topics and brokers', LIST_CONFIG_RESOURCES, 1, { resourceTypes: [TOPIC, BROKER] }),
  step('loggers', LIST_CONFIG_RESOURCES, 1, { resourceTypes: [LOGGER] }),
  step('client metrics by type', LIST_CONFIG_RESOURCES, 1, { resourceTypes: [CLIENT_METRICS] }),
  step('an unknown type', LIST_CONFIG_RESOURCES, 1, { resourceTypes: [77] }),
]

function deleteRecords(title: string, topic: string, partition: number, offset: number): AdminStep {
  const topics = [{ name: topic, partitions: [{ partitionIndex: partition, offset }] }]
  return step(title, DELETE_RECORDS, 2, { topics, timeoutMs: 10_000 })
}

const RECORDS: readonly AdminStep[] = [
  deleteRecords('-1 is the high watermark', 'numbers', 0, -1),
  deleteRecords('none', 'numbers', 1, 0),
  deleteRecords('above the high watermark', 'numbers', 0, 5),
  deleteRecords('negative', 'numbers', 0, -2),
  deleteRecords('unknown partition', 'numbers', 9, 0),
  deleteRecords('unknown topic', 'nothing', 0, 0),
  create('compacted', 7, newTopic('compacted', { configs: { 'cleanup.policy': 'compact' } })),
  deleteRecords('of a compacted topic', 'compacted', 0, -1),
  step('of many', DELETE_RECORDS, 0, {
    topics: [
      {
        name: 'numbers',
        partitions: [
          { partitionIndex: 2, offset: -1 },
          { partitionIndex: 7, offset: 0 },
        ],
      },
      { name: 'nothing', partitions: [{ partitionIndex: 1, offset: 0 }] },
    ],
    timeoutMs: 10_000,
  }),
]

function elect(
  title: string,
  version: number,
  electionType: number,
  topic: string,
  partition: number,
) {
  const topicPartitions = [{ topic, partitions: [partition] }]
  const type = version >= 1 ? { electionType } : {}
  return step(title, ELECT_LEADERS, version, { ...type, topicPartitions, timeoutMs: 10_000 })
}

function reassign(title: string, topic: string, partitionIndex: number, replicas: number[] | null) {
  const topics = [{ name: topic, partitions: [{ partitionIndex, replicas }] }]
  return step(title, ALTER_PARTITION_REASSIGNMENTS, 0, { topics, timeoutMs: 10_000 })
}

const PLACES: readonly AdminStep[] = [
  elect('preferred', 0, 0, 'own', 0),
  elect('preferred', 2, 0, 'own', 0),
  elect('unclean', 2, 1, 'own', 0),
  elect('unknown partition', 2, 0, 'own', 77),
  elect('unknown topic', 2, 0, 'nothing', 0),
  elect('unknown type', 2, 7, 'own', 0),
  step('all', ELECT_LEADERS, 2, { electionType: 0, topicPartitions: null, timeoutMs: 10_000 }),
  reassign('to where it is', 'own', 0, [1]),
  reassign('to an unknown broker', 'own', 0, [7]),
  reassign('to nobody', 'own', 0, []),
  reassign('twice to one', 'own', 0, [1, 1]),
  reassign('stopped', 'own', 0, null),
  reassign('unknown partition', 'own', 77, [1]),
  reassign('unknown topic', 'nothing', 0, [1]),
  step('all', LIST_PARTITION_REASSIGNMENTS, 0, { topics: null, timeoutMs: 10_000 }),
  step('some', LIST_PARTITION_REASSIGNMENTS, 0, {
    topics: [
      { name: 'own', partitionIndexes: [0] },
      { name: 'nothing', partitionIndexes: [0] },
    ],
    timeoutMs: 10_000,
  }),
  step('some', DESCRIBE_LOG_DIRS, 1, { topics: [{ topic: 'own', partitions: [0] }] }),
  step('some', DESCRIBE_LOG_DIRS, 4, {
    topics: [
      { topic: 'own', partitions: [0, 77] },
      { topic: 'nothing', partitions: [0] },
    ],
  }),
  step('none', DESCRIBE_LOG_DIRS, 4, { topics: [] }),
]

const RULE = {
  resourceType: TOPIC,
  resourceName: 'own',
  principal: 'User:ann',
  host: '*',
  operation: 3,
  permissionType: 3,
}
const FILTER = {
  resourceTypeFilter: 1,
  resourceNameFilter: null,
  principalFilter: null,
  hostFilter: null,
  operation: 1,
  permissionType: 1,
}

const ACCESS: readonly AdminStep[] = [
  step('rules', DESCRIBE_ACLS, 3, FILTER),
  step('rules', CREATE_ACLS, 3, { creations: [RULE] }),
  step('rules', DELETE_ACLS, 3, { filters: [FILTER] }),
]

const DELETION: readonly AdminStep[] = [
  step('by name', DELETE_TOPICS, 1, { topicNames: ['numbers'], timeoutMs: 10_000 }),
  step('unknown name', DELETE_TOPICS, 5, { topicNames: ['numbers', 'v5'], timeoutMs: 10_000 }),
  step('twice', DELETE_TOPICS, 4, { topicNames: ['own', 'own'], timeoutMs: 10_000 }),
  step('by name', DELETE_TOPICS, 6, {
    topics: [{ name: 'own', topicId: ZERO_UUID }],
    timeoutMs: 10_000,
  }),
  step('unknown id', DELETE_TOPICS, 6, {
    topics: [{ name: null, topicId: 'q1w2e3r4t5y6u7i8o9p0aA' }],
    timeoutMs: 10_000,
  }),
  step('neither name nor id', DELETE_TOPICS, 6, {
    topics: [{ name: null, topicId: ZERO_UUID }],
    timeoutMs: 10_000,
  }),
  step('name and id', DELETE_TOPICS, 6, {
    topics: [{ name: 'hand', topicId: 'q1w2e3r4t5y6u7i8o9p0aA' }],
    timeoutMs: 10_000,
  }),
]

const SHA_256 = 1
const SHA_512 = 2

interface Upsertion {
  readonly mechanism?: number
  readonly iterations?: number
}

function setPassword(title: string, name: string, { mechanism, iterations }: Upsertion = {}) {
  const upsertion = {
    name,
    mechanism: mechanism ?? SHA_256,
    iterations: iterations ?? 4_096,
    salt: Buffer.from('a grain of salt'),
    saltedPassword: Buffer.alloc(mechanism === SHA_512 ? 64 : 32, 7),
  }
  const upsertions = [upsertion]
  return step(title, ALTER_USER_SCRAM_CREDENTIALS, 0, { deletions: [], upsertions })
}

function deletePassword(title: string, ...deletions: { name: string; mechanism: number }[]) {
  return step(title, ALTER_USER_SCRAM_CREDENTIALS, 0, { deletions, upsertions: [] })
}

function describeUsers(title: string, ...names: string[]): AdminStep {
  const users = names.length === 0 ? null : names.map((name) => ({ name }))
  return step(title, DESCRIBE_USER_SCRAM_CREDENTIALS, 0, { users })
}

const USERS: readonly AdminStep[] = [
  describeUsers('none'),
  setPassword('new', 'ann'),
  setPassword('another mechanism', 'ann', { mechanism: SHA_512, iterations: 8_192 }),
  setPassword('again', 'ann', { iterations: 5_000 }),
  setPassword('another user', 'bob'),
  setPassword('too few iterations', 'ann', { iterations: 4_095 }),
  setPassword('too many iterations', 'ann', { iterations: 16_385 }),
  setPassword('unknown mechanism', 'ann', { mechanism: 9 }),
  setPassword('no name', ''),
  describeUsers('all'),
  describeUsers('some', 'ann', 'nobody'),
  describeUsers('one twice', 'ann', 'bob', 'ann'),
  deletePassword('one', { name: 'ann', mechanism: SHA_512 }),
  deletePassword('that is not there', { name: 'ann', mechanism: SHA_512 }),
  deletePassword('of nobody', { name: 'nobody', mechanism: SHA_256 }),
  deletePassword(
    'twice in a request',
    { name: 'ann', mechanism: SHA_256 },
    { name: 'ann', mechanism: SHA_256 },
    { name: 'bob', mechanism: SHA_256 },
  ),
  describeUsers('who is left'),
]

type WirePart = readonly [type: string, name: string | null]
type QuotaOp = readonly [key: string, value: number | null]

function quota(title: string, entity: readonly WirePart[], ...ops: QuotaOp[]): AdminStep {
  return step(title, ALTER_CLIENT_QUOTAS, 1, {
    entries: [
      {
        entity: entity.map(([entityType, entityName]) => ({ entityType, entityName })),
        ops: ops.map(([key, value]) => ({ key, value: value ?? 0, remove: value === null })),
      },
    ],
    validateOnly: false,
  })
}

type Component = readonly [type: string, matchType: number, match: string | null]

function describeQuotas(title: string, strict: boolean, ...components: Component[]): AdminStep {
  const wanted = components.map(([entityType, matchType, match]) => {
    return { entityType, matchType, match }
  })
  return step(title, DESCRIBE_CLIENT_QUOTAS, 1, { components: wanted, strict })
}

const ANN: WirePart = ['user', 'ann']
const ANY_USER: WirePart = ['user', null]
const APP: WirePart = ['client-id', 'app']
const ADDRESS: WirePart = ['ip', '10.0.0.1']
const PRODUCER = 'producer_byte_rate'

const QUOTAS: readonly AdminStep[] = [
  quota('of a user', [ANN], [PRODUCER, 1_024], ['consumer_byte_rate', 2_048]),
  quota('of a user and a client', [ANN, APP], [PRODUCER, 512], ['request_percentage', 12.5]),
  quota('of other users', [ANY_USER], ['controller_mutation_rate', 0.5]),
  quota('of an address', [ADDRESS], ['connection_creation_rate', 10]),
  quota('of other addresses', [['ip', null]], ['connection_creation_rate', 100]),
  describeQuotas('all', false),
  describeQuotas('of no entity', true),
  describeQuotas('of the user', false, ['user', 0, 'ann']),
  describeQuotas('of the user alone', true, ['user', 0, 'ann']),
  describeQuotas('of any user', false, ['user', 2, null]),
  describeQuotas('of other users', true, ['user', 1, null]),
  describeQuotas('of addresses', true, ['ip', 2, null]),
  describeQuotas('of users and addresses', false, ['user', 2, null], ['ip', 2, null]),
  describeQuotas('one part twice', false, ['user', 2, null], ['user', 1, null]),
  describeQuotas('no name', false, ['user', 0, null]),
  describeQuotas('unknown match', false, ['user', 9, null]),
  quota('removed', [ANN], ['consumer_byte_rate', null]),
  quota('removed, what is not there', [ANN], ['request_percentage', null]),
  quota('unknown', [ANN], ['nonsense', 1]),
  quota('unknown to be removed', [ANN], ['nonsense', null]),
  quota('of addresses for a user', [ANN], ['connection_creation_rate', 1]),
  quota('of users for an address', [ADDRESS], [PRODUCER, 1]),
  quota('none', [ANN], [PRODUCER, 0]),
  quota('less than none', [ANN], [PRODUCER, -1]),
  quota('half a byte', [ANN], [PRODUCER, 1.5]),
  quota('half a connection', [ADDRESS], ['connection_creation_rate', 1.5]),
  quota('nobody', [], [PRODUCER, 1]),
  quota('user and address', [ANN, ADDRESS], [PRODUCER, 1]),
  quota('one type twice', [ANN, ['user', 'bob']], [PRODUCER, 1]),
  quota('empty name', [['user', '']], [PRODUCER, 1]),
  quota('no address', [['ip', 'not an address']], ['connection_creation_rate', 1]),
  step('only validated', ALTER_CLIENT_QUOTAS, 0, {
    entries: [
      {
        entity: [{ entityType: 'user', entityName: 'eve' }],
        ops: [{ key: PRODUCER, value: 1, remove: false }],
      },
    ],
    validateOnly: true,
  }),
  describeQuotas('what is left', false),
]

export const ADMIN_STEPS: readonly AdminStep[] = [
  ...CREATION,
  ...EXTENSION,
  ...DESCRIPTION,
  ...CHANGES,
  ...RECORDS,
  ...PLACES,
  ...ACCESS,
  ...DELETION,
  ...USERS,
  ...QUOTAS,
]
