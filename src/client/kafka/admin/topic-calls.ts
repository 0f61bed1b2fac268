// Topics, over Kafka: made, deleted, listed, described, grown.
//
// A cluster carries out a change before all of its brokers know of it. Here a call returns when the
// broker that we ask knows of it too, so that what comes next finds what was made.

import { ZERO_UUID } from '../../../base/uuid.ts'
import { CREATE_PARTITIONS } from '../../../protocol/kafka/gen/create-partitions.ts'
import { CREATE_TOPICS } from '../../../protocol/kafka/gen/create-topics.ts'
import type { CreatableTopicResult } from '../../../protocol/kafka/gen/create-topics.ts'
import { DELETE_TOPICS } from '../../../protocol/kafka/gen/delete-topics.ts'
import type { MetadataResponseTopic } from '../../../protocol/kafka/gen/metadata.ts'
import type { AdminCalls, NewTopic, PageOptions, Topic, TopicPage } from '../../admin-calls.ts'
import { sleep } from '../../sleep.ts'
import type { Cluster } from '../cluster.ts'
import { CONFIG_SOURCE, topicConfigs } from './config-calls.ts'
import { Deadline } from '../deadline.ts'
import { errorOfId } from '../kafka-error.ts'
import { only } from '../only.ts'
import { describePartitions } from './partition-descriptions.ts'

/** How often a broker is asked whether it knows of a change, in milliseconds. */
const LOOK_EVERY_MS = 20

/** How long it may take a broker to hear of a change; who waited longer goes on without. */
const KNOWN_WITHIN_MS = 5_000

const DEFAULT_PAGE_SIZE = 1_000

type TopicCalls = Pick<
  AdminCalls,
  'createTopic' | 'deleteTopic' | 'listTopics' | 'describeTopic' | 'createPartitions'
>

export function topicCalls(cluster: Cluster): TopicCalls {
  return {
    async createTopic(topic, timeoutMs) {
      const deadline = new Deadline(cluster.clock, timeoutMs)
      const { validateOnly = false } = topic
      const request = {
        topics: [creatable(topic)],
        timeoutMs: Math.ceil(deadline.leftMs),
        validateOnly,
      }
      const answer = await cluster.callController(CREATE_TOPICS, request, deadline.leftMs)
      const made = only(answer.topics)
      throwRefusal(made.errorCode, made.errorMessage, topic.name, answer.throttleTimeMs)
      if (!validateOnly) {
        await becomesKnown(cluster, topic.name, deadline, (found) => {
          return found.errorCode === 0 && found.partitions.every(({ leaderId }) => leaderId >= 0)
        })
      }
      return madeTopic(made, topic)
    },

    async deleteTopic(name, timeoutMs) {
      const deadline = new Deadline(cluster.clock, timeoutMs)
      const waitMs = Math.ceil(deadline.leftMs)
      const request = (version: number) => {
        if (version < 6) return { topicNames: [name], timeoutMs: waitMs }
        return { topics: [{ name, topicId: ZERO_UUID }], timeoutMs: waitMs }
      }
      const answer = await cluster.callController(DELETE_TOPICS, request, deadline.leftMs)
      const { errorCode, errorMessage } = only(answer.responses)
      throwRefusal(errorCode, errorMessage, name, answer.throttleTimeMs)
      await becomesKnown(cluster, name, deadline, (found) => found.errorCode !== 0)
    },

    async listTopics(page, timeoutMs) {
      const deadline = new Deadline(cluster.clock, timeoutMs)
      const { topics } = await cluster.readMetadata(null, deadline)
      return await pageOf(cluster, topics, page, deadline)
    },

    async describeTopic(name, timeoutMs) {
      const deadline = new Deadline(cluster.clock, timeoutMs)
      const found = await readTopic(cluster, name, deadline)
      const [configs, partitionDescriptions] = await Promise.all([
        topicConfigs(cluster, [name], deadline),
        describePartitions(cluster, found, deadline),
      ])
      return { ...topicOf(found, configs.get(name)), partitionDescriptions }
    },

    async createPartitions(topic, totalPartitions, { validateOnly = false }, timeoutMs) {
      const deadline = new Deadline(cluster.clock, timeoutMs)
      const request = {
        topics: [{ name: topic, count: totalPartitions, assignments: null }],
        timeoutMs: Math.ceil(deadline.leftMs),
        validateOnly,
      }
      const answer = await cluster.callController(CREATE_PARTITIONS, request, deadline.leftMs)
      const { errorCode, errorMessage } = only(answer.results)
      throwRefusal(errorCode, errorMessage, topic, answer.throttleTimeMs)
      if (!validateOnly) {
        await becomesKnown(cluster, topic, deadline, ({ partitions }) => {
          return partitions.length >= totalPartitions
        })
      }
      const found = await readTopic(cluster, topic, deadline)
      const configs = await topicConfigs(cluster, [topic], deadline)
      return { ...topicOf(found, configs.get(topic)), partitions: totalPartitions }
    },
  }
}

function creatable({ name, partitions, replicationFactor, configs }: NewTopic) {
  return {
    name,
    numPartitions: partitions ?? -1,
    replicationFactor: replicationFactor ?? -1,
    assignments: [],
    configs: Object.entries(configs ?? {}).map(([key, value]) => ({ name: key, value })),
  }
}

function madeTopic(made: CreatableTopicResult, asked: NewTopic): Topic {
  const own = made.configs?.filter(({ configSource }) => configSource === CONFIG_SOURCE.topic)
  return {
    name: made.name,
    topicId: made.topicId,
    partitions: made.numPartitions,
    replicationFactor: made.replicationFactor,
    internal: false,
    configs:
      own === undefined
        ? { ...asked.configs }
        : Object.fromEntries(own.map(({ name, value }) => [name, value ?? ''])),
  }
}

/** @throws SluiceError UNKNOWN_TOPIC_OR_PARTITION, TOPIC_AUTHORIZATION_FAILED and what else it says */
async function readTopic(
  cluster: Cluster,
  name: string,
  deadline: Deadline,
): Promise<MetadataResponseTopic> {
  const { topics } = await cluster.readMetadata([name], deadline)
  const found = only(topics)
  const error = errorOfId(found.errorCode, null, { topic: name })
  // Without a leader here and there it can be described all the same.
  if (error === null || error.code === 'LEADER_NOT_AVAILABLE') return found
  throw error
}

async function pageOf(
  cluster: Cluster,
  topics: readonly MetadataResponseTopic[],
  { pageSize = DEFAULT_PAGE_SIZE, pageToken = '', includeInternal = false }: PageOptions,
  deadline: Deadline,
): Promise<TopicPage> {
  const rest = topics
    .filter(({ name, isInternal }) => name !== null && (includeInternal || !isInternal))
    .filter(({ name }) => pageToken === '' || name! > pageToken)
    .toSorted((a, b) => (a.name! < b.name! ? -1 : 1))
  const shown = rest.slice(0, pageSize)
  const names = shown.map(({ name }) => name!)
  const configs = await topicConfigs(cluster, names, deadline)
  return {
    topics: shown.map((topic) => topicOf(topic, configs.get(topic.name!))),
    nextPageToken: shown.length < rest.length ? names.at(-1)! : null,
  }
}

function topicOf(
  { name, topicId, isInternal, partitions }: MetadataResponseTopic,
  configs: Readonly<Record<string, string>> = {},
): Topic {
  return {
    name: name!,
    topicId,
    partitions: partitions.length,
    replicationFactor: partitions[0]?.replicaNodes.length ?? 0,
    internal: isInternal,
    configs,
  }
}

/** Waits until the broker that we ask has heard of a change, and not for long. */
async function becomesKnown(
  cluster: Cluster,
  name: string,
  deadline: Deadline,
  known: (topic: MetadataResponseTopic) => boolean,
): Promise<void> {
  const patience = new Deadline(cluster.clock, Math.min(KNOWN_WITHIN_MS, deadline.leftMs))
  while (patience.leftMs > 0) {
    const { topics } = await cluster.readMetadata([name], patience)
    if (known(only(topics))) return
    await sleep(cluster.clock, LOOK_EVERY_MS)
  }
}

function throwRefusal(
  errorCode: number,
  message: string | null,
  topic: string,
  throttleTimeMs: number,
): void {
  const error = errorOfId(errorCode, message, { topic })
  if (error === null) return
  // A quota on changes says how long to wait.
  throw error.code === 'THROTTLING_QUOTA_EXCEEDED' ? error.with({}, throttleTimeMs) : error
}
