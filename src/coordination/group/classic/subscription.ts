// The topics in what a consumer puts into its protocol metadata. Groups of every other kind are opaque.
//
//   int16 version | int32 count, strings: topics | int32 size, bytes: user data | more in version 1+
//
// Source: apache/kafka, ConsumerProtocolSubscription.json.

import { BrokerError } from '../../../base/errors.ts'
import { RecordReader } from '../records/record-reader.ts'

/** The protocol type of consumers. */
export const CONSUMER_PROTOCOL_TYPE = 'consumer'

/** @returns null when the bytes are no subscription: a client may put there what it likes */
export function subscribedTopics(metadata: Uint8Array): string[] | null {
  try {
    const reader = new RecordReader(metadata)
    const version = reader.int16()
    if (version < 0) return null
    return reader.array(() => reader.string())
  } catch (error) {
    if (error instanceof BrokerError) return null
    throw error
  }
}
