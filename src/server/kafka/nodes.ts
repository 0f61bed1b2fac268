// Brokers as Kafka's clients are told of them.

import assert from 'node:assert'
import type { ClusterService } from '../../broker/cluster-service.ts'
import type { RoutingService } from '../../broker/routing-service.ts'
import { ERRORS, type BrokerError } from '../../base/errors.ts'
import { parseHostPort } from '../../config/address.ts'
import type { BrokerImage } from '../../metadata/metadata-image.ts'
import type { PartitionPlacement } from '../../metadata/metadata-record.ts'
import type { Services } from '../broker-core.ts'
import type { KafkaContext } from './handler.ts'

export interface KafkaNode {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  /** Null when it has none. */
  readonly rack: string | null
}

/** Who leads, as answers say it beside an error. */
export interface LeaderHint {
  readonly leaderId: number
  readonly leaderEpoch: number
}

/** Addresses that a listener may have and no client can go to. */
const EVERYWHERE: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/**
 * The brokers that Kafka's clients can reach. One that listens on all of its addresses, and says no
 * other, is told by the address that the client has come to already.
 */
export function kafkaNodes(
  brokers: readonly BrokerImage[],
  { localHost }: KafkaContext['peer'],
): KafkaNode[] {
  return brokers.flatMap(({ brokerId, kafkaAddress, rack }) => {
    const address = parseHostPort(kafkaAddress)
    if (address === null) return []
    const host = EVERYWHERE.has(address.host) ? localHost : address.host
    return [{ nodeId: brokerId, host, port: address.port, rack: rack || null }]
  })
}

/** A partition as Metadata and DescribeTopicPartitions tell it. */
export function placedPartition(placement: PartitionPlacement) {
  const { partition: partitionIndex, leader: leaderId, leaderEpoch, replicas, isr } = placement
  return {
    errorCode: leaderId < 0 ? ERRORS.LEADER_NOT_AVAILABLE.id : 0,
    partitionIndex,
    leaderId,
    leaderEpoch,
    replicaNodes: replicas,
    isrNodes: isr,
    offlineReplicas: [],
  }
}

/** This broker. A client that asks has reached it: it has an address. */
export function kafkaSelf(cluster: ClusterService, { caller, peer }: KafkaContext): KafkaNode {
  const { controllerId, brokers } = cluster.describe(caller)
  const self = kafkaNodes(brokers, peer).find(({ nodeId }) => nodeId === controllerId)
  assert(self !== undefined)
  return self
}

/** What an answer of some version can say of leaders. */
export interface SayableHints {
  readonly leaders: boolean
  /** Where they are. */
  readonly nodes: boolean
}

/** Collects who leads instead, for the answer to one request (KIP-951). */
export class LeaderHints {
  readonly #routing: RoutingService
  readonly #cluster: ClusterService
  readonly #sayable: SayableHints
  #leaders: Set<number> | null = null

  constructor(services: Pick<Services, 'routing' | 'cluster'>, sayable: SayableHints) {
    this.#routing = services.routing
    this.#cluster = services.cluster
    this.#sayable = sayable
  }

  /** Where the client had better ask, or undefined when the error has nothing to do with that. */
  hint(topic: string, partition: number, error: BrokerError): LeaderHint | undefined {
    if (!this.#sayable.leaders) return undefined
    if (error.code !== 'NOT_LEADER_OR_FOLLOWER' && error.code !== 'FENCED_LEADER_EPOCH') {
      return undefined
    }
    const placement = this.#routing.partition(topic, partition)
    if (placement === null) return undefined
    this.#leaders ??= new Set()
    this.#leaders.add(placement.leader)
    return { leaderId: placement.leader, leaderEpoch: placement.leaderEpoch }
  }

  /** The brokers that the hints name. */
  nodes({ caller, peer }: KafkaContext): KafkaNode[] {
    const leaders = this.#leaders
    if (leaders === null || !this.#sayable.nodes) return []
    const nodes = kafkaNodes(this.#cluster.describe(caller).brokers, peer)
    return nodes.filter(({ nodeId }) => leaders.has(nodeId))
  }
}
