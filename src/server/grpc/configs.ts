// Configurations on the wire: what they are of, and how they are described.

import type { MessageInitShape } from '@bufbuild/protobuf'
import { BrokerError } from '../../base/errors.ts'
import type { ConfigService } from '../../broker/config-service.ts'
import type { ConfigResource } from '../../metadata/metadata-record.ts'
import {
  type ConfigResource as WireResource,
  ConfigResourceType,
  type ConfigSchema,
  ConfigSource,
} from '../../protocol/grpc/gen/sluice/v1/admin_pb.ts'

type DescribedConfig = ReturnType<ConfigService['describe']>[number]

const SOURCES = {
  topic: ConfigSource.TOPIC,
  'dynamic-broker': ConfigSource.DYNAMIC_BROKER,
  'dynamic-default-broker': ConfigSource.DYNAMIC_BROKER,
  'static-broker': ConfigSource.STATIC_BROKER,
  default: ConfigSource.DEFAULT,
} as const satisfies Record<DescribedConfig['source'], ConfigSource>

/** @throws BrokerError INVALID_REQUEST when the resource is missing, or of no type that we know */
export function parseResource(resource: WireResource | undefined): ConfigResource {
  const { type, name } = resource ?? { type: ConfigResourceType.UNSPECIFIED, name: '' }
  if (type === ConfigResourceType.TOPIC) return { type: 'topic', name }
  if (type === ConfigResourceType.BROKER) return { type: 'broker', name }
  const message = 'The resource has the type CONFIG_RESOURCE_TYPE_TOPIC or _BROKER'
  throw new BrokerError('INVALID_REQUEST', { message, type })
}

/** A value that is null, because there is none or it is not shown, is empty on the wire. */
export function describedConfig(config: DescribedConfig): MessageInitShape<typeof ConfigSchema> {
  const { name, readOnly, sensitive, type, allowed, documentation } = config
  return {
    name,
    value: config.value ?? '',
    source: SOURCES[config.source],
    readOnly,
    sensitive,
    type,
    defaultValue: config.defaultValue ?? '',
    allowed,
    documentation,
    synonyms: config.synonyms.map((synonym) => ({ ...synonym, source: SOURCES[synonym.source] })),
  }
}
