// Producer ids that nobody had before: this broker takes them from the metadata by the block.

import type { ClusterControl, ProducerIdBlock } from '../../metadata/cluster-control.ts'

const NO_BLOCK: ProducerIdBlock = { firstId: 0, endId: 0 }

export class ProducerIdBlocks {
  readonly #control: Pick<ClusterControl, 'takeProducerIds'>
  readonly #nodeId: number
  #block = NO_BLOCK
  #nextId = 0
  /** The block that is being taken, if any. */
  #taking: Promise<void> | null = null

  constructor(control: Pick<ClusterControl, 'takeProducerIds'>, nodeId: number) {
    this.#control = control
    this.#nodeId = nodeId
  }

  /** True while none is at hand. */
  get isEmpty(): boolean {
    return this.#nextId >= this.#block.endId
  }

  /** An id that nobody had before; null while none is at hand. */
  take(): number | null {
    return this.isEmpty ? null : this.#nextId++
  }

  /** Gets some. @throws BrokerError KAFKA_STORAGE_ERROR when the disk fails */
  refill(): Promise<void> {
    this.#taking ??= this.#takeBlock().finally(() => (this.#taking = null))
    return this.#taking
  }

  async #takeBlock(): Promise<void> {
    this.#block = await this.#control.takeProducerIds(this.#nodeId)
    this.#nextId = this.#block.firstId
  }
}
