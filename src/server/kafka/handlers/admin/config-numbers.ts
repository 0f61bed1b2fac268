// Kafka's numbers for what has configurations, where a value comes from, and of which type it is.
//
// Source: apache/kafka, ConfigResource.java, DescribeConfigsResponse.java.

import type { ConfigService } from '../../../../broker/config-service.ts'

type DescribedConfig = ReturnType<ConfigService['describe']>[number]

/** What has configurations in Kafka. Loggers, client metrics and groups have none here. */
export const RESOURCE_TYPES = {
  topic: 2,
  broker: 4,
  brokerLogger: 8,
  clientMetrics: 16,
  group: 32,
} as const

export const CONFIG_SOURCES: Readonly<Record<DescribedConfig['source'], number>> = {
  topic: 1,
  'dynamic-broker': 2,
  'dynamic-default-broker': 3,
  'static-broker': 4,
  default: 5,
}

export const CONFIG_TYPES: Readonly<Record<DescribedConfig['type'], number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  long: 5,
  double: 6,
  list: 7,
}

/** Type of a value that is not shown. */
export const PASSWORD = 9

/** Most configurations that a request may name of one resource: there are not half as many. */
export const MAX_CONFIGS = 1_000

/** What the operations of IncrementalAlterConfigs do. */
export const CONFIG_OPERATIONS = { set: 0, delete: 1, append: 2, subtract: 3 } as const
