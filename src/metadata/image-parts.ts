// What an image of the cluster consists of.

import type { Uuid } from '../base/uuid.ts'
import type { ScramMechanismName } from '../config/security-options.ts'
import type { ClientQuotas } from './client-quotas.ts'
import type { ConfigResource, PartitionPlacement, ScramCredentialTexts } from './metadata-record.ts'

export interface TopicImage {
  readonly name: string
  readonly topicId: Uuid
  /** `partitions[n]` is partition n. */
  readonly partitions: readonly PartitionPlacement[]
}

export interface BrokerImage {
  readonly brokerId: number
  readonly grpcAddress: string
  /** Empty when it has none. */
  readonly kafkaAddress: string
  readonly rack: string
  readonly version: string
}

/** By Kafka's names. */
export type Configs = ReadonlyMap<string, string>

export const NO_CONFIGS: Configs = new Map()

/** What is kept of one user's password, by mechanism; one or more. */
export type ScramCredentials = ReadonlyMap<ScramMechanismName, ScramCredentialTexts>

export const NO_CREDENTIALS: ScramCredentials = new Map()

/** All that an image consists of. */
export interface ImageParts {
  readonly version: number
  readonly topicsByName: ReadonlyMap<string, TopicImage>
  readonly topicsById: ReadonlyMap<Uuid, TopicImage>
  readonly brokers: ReadonlyMap<number, BrokerImage>
  /** Keyed by `resourceKey`. */
  readonly configs: ReadonlyMap<string, Configs>
  /** The first producer id that no broker has taken. */
  readonly nextProducerId: number
  /** By user. */
  readonly scram: ReadonlyMap<string, ScramCredentials>
  readonly quotas: ClientQuotas
}

/** The same text for the same resource, and for no other. */
export function resourceKey({ type, name }: ConfigResource): string {
  return `${type}:${name}`
}
