// All handlers of administration and authentication.

import { aclHandlers } from './acls.ts'
import { configHandlers, type ConfigHandlerServices } from './configs.ts'
import type { KafkaHandler } from '../handler.ts'
import { logDirHandlers, type LogDirHandlerServices } from './log-dirs.ts'
import { placementHandlers, type PlacementHandlerServices } from './placement.ts'
import { recordHandlers, type RecordHandlerServices } from './records.ts'
import { saslHandlers, type SaslHandlerServices } from './sasl.ts'
import { scramUserHandlers, type ScramUserHandlerServices } from './scram-users.ts'
import { topicHandlers, type TopicHandlerServices } from './topics.ts'

export type AdminHandlerServices = TopicHandlerServices &
  ConfigHandlerServices &
  RecordHandlerServices &
  LogDirHandlerServices &
  PlacementHandlerServices &
  ScramUserHandlerServices &
  SaslHandlerServices

export function adminHandlers(services: AdminHandlerServices): readonly KafkaHandler[] {
  return [
    ...topicHandlers(services),
    ...configHandlers(services),
    ...recordHandlers(services),
    ...logDirHandlers(services),
    ...placementHandlers(services),
    ...aclHandlers(),
    ...scramUserHandlers(services),
    ...saslHandlers(services),
  ]
}
