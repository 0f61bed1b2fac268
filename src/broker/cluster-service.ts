// The cluster: its id, its brokers, and who decides.

import type { Uuid } from '../base/uuid.ts'
import type { BrokerImage } from '../metadata/metadata-image.ts'
import type { MetadataStore } from '../metadata/metadata-store.ts'
import type { Caller } from './caller.ts'

export interface ClusterServiceOptions {
  readonly store: Pick<MetadataStore, 'image'>
  readonly clusterId: Uuid
  /** This broker. It is the controller as long as a cluster is one broker. */
  readonly nodeId: number
}

export interface ClusterDescription {
  readonly clusterId: Uuid
  /** Broker id. */
  readonly controllerId: number
  /** By id. */
  readonly brokers: readonly BrokerImage[]
}

export class ClusterService {
  readonly #options: ClusterServiceOptions

  constructor(options: ClusterServiceOptions) {
    this.#options = options
  }

  describe(_caller: Caller): ClusterDescription {
    const { store, clusterId, nodeId } = this.#options
    return { clusterId, controllerId: nodeId, brokers: store.image.brokers() }
  }
}
