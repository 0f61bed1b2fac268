// What holds for a topic or for this broker, from what was altered while running and what was given at
// the start.

import type { BrokerConfig } from '../config/broker-config.ts'
import { resolveTopicConfig, type ConfigLayers } from '../config/topic-config.ts'
import type { TopicConfig } from '../config/topic-options.ts'
import type { MetadataImage } from '../metadata/metadata-image.ts'

/** Configurations of one resource, by Kafka's names. */
type ConfigTexts = ReadonlyMap<string, string>

/**
 * All that has a say in a topic's configuration.
 *
 * @param topic the topic's own values; empty for those of a topic that sets nothing
 */
export function configLayers(
  image: MetadataImage,
  { values, given }: BrokerConfig,
  topic: ConfigTexts,
): ConfigLayers {
  return {
    topic,
    broker: image.configs({ type: 'broker', name: String(values.nodeId) }),
    cluster: image.configs({ type: 'broker', name: '' }),
    given,
  }
}

/** The configuration of a topic, as logs and partitions take it. It need not exist. */
export function topicConfigOf(
  image: MetadataImage,
  config: BrokerConfig,
  topic: string,
): TopicConfig {
  const own = image.configs({ type: 'topic', name: topic })
  return resolveTopicConfig(configLayers(image, config, own))
}
