// Configurations of topics and brokers: what holds and why, and changes to it.

import { BrokerError } from '../base/errors.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import {
  describeBrokerConfigs,
  describeClusterConfigs,
  describeTopicConfigs,
  type DescribedConfig,
} from '../config/describe-configs.ts'
import { checkTopicName } from '../controller/topic-name.ts'
import type { ClusterControl, ConfigChange } from '../metadata/cluster-control.ts'
import type { ConfigResource } from '../metadata/metadata-record.ts'
import type { MetadataStore } from '../metadata/metadata-store.ts'
import type { Caller } from './caller.ts'
import { configLayers } from './log-config.ts'

export interface ConfigServiceOptions {
  readonly control: ClusterControl
  readonly store: Pick<MetadataStore, 'image'>
  /** What this broker was started with. */
  readonly config: BrokerConfig
}

export class ConfigService {
  readonly #options: ConfigServiceOptions

  constructor(options: ConfigServiceOptions) {
    this.#options = options
  }

  /**
   * Configurations by name, each with where its value comes from.
   *
   * Those of all brokers (`{ type: 'broker', name: '' }`) are what was altered for all, no more.
   *
   * @param names which; empty for all. Names that are not known are left out
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION; INVALID_REQUEST when the broker is another one
   */
  describe(
    _caller: Caller,
    resource: ConfigResource,
    names: readonly string[],
  ): readonly DescribedConfig[] {
    const wanted = new Set(names)
    const all = this.#describeAll(resource)
    return wanted.size === 0 ? all : all.filter(({ name }) => wanted.has(name))
  }

  /** What would hold for a topic with these configurations of its own, which are valid. */
  describeNew(_caller: Caller, own: ReadonlyMap<string, string>): readonly DescribedConfig[] {
    const { store, config } = this.#options
    return describeTopicConfigs(configLayers(store.image, config, own))
  }

  /** Everything that has configurations: topics and brokers by name, and no entry for all brokers. */
  resources(_caller: Caller): readonly ConfigResource[] {
    const { image } = this.#options.store
    return [
      ...image.topics().map(({ name }) => ({ type: 'topic', name }) as const),
      ...image
        .brokers()
        .map(({ brokerId }) => ({ type: 'broker', name: String(brokerId) }) as const),
    ]
  }

  /** Sets and unsets configurations; all or none. @throws BrokerError as ClusterControl.alterConfigs */
  async alter(
    _caller: Caller,
    change: ConfigChange,
    options: { readonly validateOnly: boolean },
  ): Promise<void> {
    await this.#options.control.alterConfigs(change, options)
  }

  #describeAll(resource: ConfigResource): DescribedConfig[] {
    const { store, config } = this.#options
    const { image } = store
    const { type, name } = resource
    const layers = configLayers(image, config, image.configs(resource))
    if (type === 'topic') {
      if (image.topic(name) !== null) return describeTopicConfigs(layers)
      checkTopicName(name)
      const message = 'There is no such topic'
      throw new BrokerError('UNKNOWN_TOPIC_OR_PARTITION', { message, topic: name.slice(0, 300) })
    }
    if (name === '') return describeClusterConfigs(layers.cluster)
    if (name === String(config.values.nodeId)) return describeBrokerConfigs(layers)
    const message = `This is broker ${config.values.nodeId}, and it knows no broker of that name`
    throw new BrokerError('INVALID_REQUEST', { message, broker: name.slice(0, 80) })
  }
}
