// All handlers of administration and authentication.

import { aclHandlers } from './admin/acls.ts'
import { quotaHandlers, type QuotaHandlerServices } from './admin/client-quotas.ts'
import { configHandlers, type ConfigHandlerServices } from './admin/configs.ts'
import type { KafkaHandler } from '../handler.ts'
import { logDirHandlers, type LogDirHandlerServices } from './admin/log-dirs.ts'
import { placementHandlers, type PlacementHandlerServices } from './admin/placement.ts'
import { recordHandlers, type RecordHandlerServices } from './admin/records.ts'
import { saslHandlers, type SaslHandlerServices } from './admin/sasl.ts'
import { scramUserHandlers, type ScramUserHandlerServices } from './admin/scram-users.ts'
import { topicHandlers, type TopicHandlerServices } from './admin/topics.ts'

export type AdminHandlerServices = TopicHandlerServices &
  ConfigHandlerServices &
  RecordHandlerServices &
  LogDirHandlerServices &
  PlacementHandlerServices &
  ScramUserHandlerServices &
  QuotaHandlerServices &
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
    ...quotaHandlers(services),
    ...saslHandlers(services),
  ]
}
