// The coordinators of one kind on this broker: the partitions of an internal topic that it leads, and
// which of them a key belongs to.

import assert from 'node:assert'
import { BrokerError } from '../../base/errors.ts'
import type { CoordinatorLog } from './coordinator-log.ts'
import { CoordinatorRuntime, type RuntimeOptions } from './coordinator-runtime.ts'
import { partitionOfKey } from './partition-of-key.ts'
import type { Shard } from './shard.ts'

type Shared<S extends Shard<R>, R> = Omit<RuntimeOptions<S, R>, 'log' | 'partition' | 'newShard'>

export interface CoordinatorOptions<S extends Shard<R>, R> extends Shared<S, R> {
  /** A state machine for a partition that has seen nothing yet. */
  readonly newShard: (partition: number) => S
  /** Partitions of the internal topic, 1 or more. Kafka's default is 50. */
  readonly partitionCount: number
}

export class Coordinator<S extends Shard<R>, R> {
  readonly #options: CoordinatorOptions<S, R>
  readonly #runtimes = new Map<number, CoordinatorRuntime<S, R>>()

  constructor(options: CoordinatorOptions<S, R>) {
    assert(options.partitionCount >= 1)
    this.#options = options
  }

  /** The partition whose leader coordinates what a key names. */
  partitionOf(key: string): number {
    return partitionOfKey(key, this.#options.partitionCount)
  }

  /** This broker leads a partition now. @returns when it is loaded, or has failed to and waits */
  async lead(partition: number, log: CoordinatorLog): Promise<void> {
    this.resign(partition)
    const { newShard, ...shared } = this.#options
    const runtime = new CoordinatorRuntime<S, R>({
      ...{ ...shared, log, partition },
      newShard: () => newShard(partition),
    })
    this.#runtimes.set(partition, runtime)
    await runtime.start()
  }

  /** This broker leads a partition no more: who waits is told to ask another. */
  resign(partition: number): void {
    this.#runtimes.get(partition)?.close()
    this.#runtimes.delete(partition)
  }

  close(): void {
    for (const partition of [...this.#runtimes.keys()]) this.resign(partition)
  }

  /** Those of all partitions that this broker leads. */
  runtimes(): Iterable<CoordinatorRuntime<S, R>> {
    return this.#runtimes.values()
  }

  /** The runtime of the partition that a key belongs to. @throws BrokerError NOT_COORDINATOR */
  of(key: string): CoordinatorRuntime<S, R> {
    return this.at(this.partitionOf(key))
  }

  /** The runtime of a partition. @throws BrokerError NOT_COORDINATOR */
  at(partition: number): CoordinatorRuntime<S, R> {
    const runtime = this.#runtimes.get(partition)
    if (runtime === undefined) throw new BrokerError('NOT_COORDINATOR')
    return runtime
  }
}
