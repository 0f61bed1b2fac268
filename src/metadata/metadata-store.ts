// Where the cluster's metadata is kept, whatever keeps it: the embedded store on one machine, etcd for a
// cluster.

import type { MetadataImage } from './metadata-image.ts'
import type { MetadataRecord } from './metadata-record.ts'

/** Told of every change, in order, after it is durable. */
export type MetadataListener = (image: MetadataImage, records: readonly MetadataRecord[]) => void

export interface MetadataStore {
  /** What is durable now. */
  readonly image: MetadataImage

  /**
   * Makes changes, all of them or none.
   *
   * @param records decided on the image of `expectedVersion`, one or more
   * @param expectedVersion refuses the change when the image is another one by now
   * @returns the image after them, once they are durable and every listener was told
   * @throws BrokerError INVALID_UPDATE_VERSION when the image has moved on, KAFKA_STORAGE_ERROR when
   *   the change could not be made durable. Nothing has changed then.
   */
  append(records: readonly MetadataRecord[], expectedVersion: number): Promise<MetadataImage>

  /** @returns a function that ends the subscription */
  subscribe(listener: MetadataListener): () => void

  close(): Promise<void>
}
