// The services of sluice.v1 as @grpc/grpc-js wants them: path, shape, and how each message is
// written and read. Messages that carry data have codecs of their own; all others are protobuf-es's.

import type { DescMessage, DescMethod, MessageShape } from '@bufbuild/protobuf'
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import type { MethodDefinition } from '@grpc/grpc-js'
import { fetchStreamRequestCodec } from './fetch-command-codec.ts'
import { fetchResponseCodec, fetchStreamResponseCodec } from './fetch-codec.ts'
import { AdminService } from './gen/sluice/v1/admin_pb.ts'
import { FetchService } from './gen/sluice/v1/fetch_pb.ts'
import { GroupService } from './gen/sluice/v1/groups_pb.ts'
import { ProduceService } from './gen/sluice/v1/produce_pb.ts'
import { TransactionService } from './gen/sluice/v1/transactions_pb.ts'
import {
  produceRequestCodec,
  produceResponseCodec,
  produceStreamRequestCodec,
  produceStreamResponseCodec,
} from './produce-codec.ts'
import {
  publishRequestCodec,
  publishResponseCodec,
  publishStreamRequestCodec,
  publishStreamResponseCodec,
} from './publish-codec.ts'
import { carriesRecords, recordsResponseCodec, type SessionResponse } from './session-codec.ts'
import { subscribeResponseCodec } from './subscribe-codec.ts'
import { type Codec, decodeMessage, encodeMessage } from './codec.ts'
import { checkElements } from './element-count.ts'
import { MAX_NAMED, MAX_PUBLISHED, OversizedMessage } from './wire-format.ts'
import { WireWriter } from './wire-writer.ts'

/** Largest request that is not read by hand: nothing in it is of any size. */
const MAX_PLAIN_REQUEST_BYTES = 1024 * 1024

/** How one message becomes bytes and comes back. */
export interface MessageFormat<T> {
  readonly serialize: (message: T) => Buffer
  /** @throws WireFormatError, or protobuf-es's own error */
  readonly deserialize: (bytes: Buffer) => T
}

/** @param maxElements see decodeMessage */
function byHand<T>(codec: Codec<T>, maxElements?: number): MessageFormat<T> {
  return {
    serialize: (message) => encodeMessage(codec, message),
    deserialize: (bytes) => decodeMessage(codec, bytes, maxElements),
  }
}

/**
 * A message that is written when grpc-js copies it.
 *
 * grpc-js asks what was serialized for its length, and copies it behind a head of five bytes, into
 * memory of its own. A message that writes itself there spares an allocation and a copy of all that it
 * carries. It is a Buffer as far as grpc-js looks at one (`length`, `byteLength`, `copy`), as long as
 * the call is not compressed.
 *
 * Source: @grpc/grpc-js 1.14, serializeMessage in server-interceptors.ts, and writeMessage in
 * compression-filter.ts.
 */
class UnwrittenMessage<T> {
  readonly length: number
  readonly byteLength: number
  readonly #codec: Codec<T>
  readonly #message: T

  constructor(codec: Codec<T>, message: T) {
    this.#codec = codec
    this.#message = message
    this.byteLength = codec.size(message)
    this.length = this.byteLength
  }

  copy(target: Buffer, targetStart = 0): number {
    this.#codec.write(new WireWriter(target, targetStart), this.#message)
    return this.byteLength
  }
}

/** As `byHand`, for messages that carry much. Not for calls that are compressed. */
function writtenInPlace<T>(codec: Codec<T>, maxElements?: number): MessageFormat<T> {
  return {
    serialize: (message) => new UnwrittenMessage(codec, message) as unknown as Buffer,
    deserialize: (bytes) => decodeMessage(codec, bytes, maxElements),
  }
}

/** protobuf-es's codec of a message. Its Uint8Array is not copied: grpc-js wants a Buffer. */
export function plain<D extends DescMessage>(desc: D): MessageFormat<MessageShape<D>> {
  return {
    serialize(message) {
      const bytes = toBinary(desc, message)
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    },
    deserialize: (bytes) => fromBinary(desc, bytes, { readUnknownFields: false }),
  }
}

/** As `plain`, for what anybody may send: with as much in it as is served in one turn. */
export function plainRequest<D extends DescMessage>(desc: D): MessageFormat<MessageShape<D>> {
  const format = plain(desc)
  return {
    ...format,
    deserialize(bytes) {
      if (bytes.byteLength > MAX_PLAIN_REQUEST_BYTES) {
        throw new OversizedMessage(`more than ${MAX_PLAIN_REQUEST_BYTES} bytes`)
      }
      checkElements(desc, bytes, MAX_NAMED)
      return format.deserialize(bytes)
    },
  }
}

/** A method of a service. `I` and `O` are the messages as our code sees them. */
export function defineMethod<I, O>(
  desc: DescMethod,
  input: MessageFormat<I>,
  output: MessageFormat<O>,
): MethodDefinition<I, O> {
  const { methodKind } = desc
  return {
    path: `/${desc.parent.typeName}/${desc.name}`,
    originalName: desc.localName,
    requestStream: methodKind === 'client_streaming' || methodKind === 'bidi_streaming',
    responseStream: methodKind === 'server_streaming' || methodKind === 'bidi_streaming',
    requestSerialize: input.serialize,
    requestDeserialize: input.deserialize,
    responseSerialize: output.serialize,
    responseDeserialize: output.deserialize,
  }
}

/** A method whose messages are both protobuf-es's. */
export function definePlain<I extends DescMessage, O extends DescMessage>(
  desc: DescMethod & { readonly input: I; readonly output: O },
): MethodDefinition<MessageShape<I>, MessageShape<O>> {
  return defineMethod(desc, plainRequest(desc.input), plain(desc.output))
}

const produce = ProduceService.method

export const PRODUCE_SERVICE = {
  produce: defineMethod(
    produce.produce,
    byHand(produceRequestCodec, MAX_NAMED),
    byHand(produceResponseCodec),
  ),
  produceStream: defineMethod(
    produce.produceStream,
    writtenInPlace(produceStreamRequestCodec, MAX_NAMED),
    byHand(produceStreamResponseCodec),
  ),
  initProducer: definePlain(produce.initProducer),
  publish: defineMethod(
    produce.publish,
    byHand(publishRequestCodec, MAX_PUBLISHED),
    byHand(publishResponseCodec),
  ),
  publishStream: defineMethod(
    produce.publishStream,
    byHand(publishStreamRequestCodec, MAX_PUBLISHED),
    byHand(publishStreamResponseCodec),
  ),
} as const

const fetch = FetchService.method

export const FETCH_SERVICE = {
  fetch: defineMethod(
    fetch.fetch,
    plainRequest(fetch.fetch.input),
    writtenInPlace(fetchResponseCodec),
  ),
  fetchStream: defineMethod(
    fetch.fetchStream,
    byHand(fetchStreamRequestCodec, MAX_NAMED),
    writtenInPlace(fetchStreamResponseCodec),
  ),
  subscribe: defineMethod(
    fetch.subscribe,
    plainRequest(fetch.subscribe.input),
    writtenInPlace(subscribeResponseCodec),
  ),
  listOffsets: definePlain(fetch.listOffsets),
} as const

const groups = GroupService.method

/** Records are written by hand, all else that a session says is not. */
function sessionResponses(): MessageFormat<SessionResponse> {
  const records = writtenInPlace(recordsResponseCodec)
  const events = plain(groups.session.output)
  return {
    serialize(response) {
      if (response.kind === 'records') return records.serialize(response.message)
      return events.serialize(response.message)
    },
    deserialize(bytes) {
      if (carriesRecords(bytes)) return { kind: 'records', message: records.deserialize(bytes) }
      return { kind: 'event', message: events.deserialize(bytes) }
    },
  }
}

export const GROUP_SERVICE = {
  session: defineMethod(groups.session, plainRequest(groups.session.input), sessionResponses()),
  join: definePlain(groups.join),
  heartbeat: definePlain(groups.heartbeat),
  leave: definePlain(groups.leave),
  commitOffsets: definePlain(groups.commitOffsets),
  fetchOffsets: definePlain(groups.fetchOffsets),
  listGroups: definePlain(groups.listGroups),
  describeGroup: definePlain(groups.describeGroup),
  deleteGroup: definePlain(groups.deleteGroup),
  resetOffsets: definePlain(groups.resetOffsets),
  deleteOffsets: definePlain(groups.deleteOffsets),
} as const

const transactions = TransactionService.method

export const TRANSACTION_SERVICE = {
  init: definePlain(transactions.init),
  addOffsets: definePlain(transactions.addOffsets),
  end: definePlain(transactions.end),
  listTransactions: definePlain(transactions.listTransactions),
  describeTransaction: definePlain(transactions.describeTransaction),
  findHangingTransactions: definePlain(transactions.findHangingTransactions),
  abortTransaction: definePlain(transactions.abortTransaction),
} as const

const admin = AdminService.method

export const ADMIN_SERVICE = {
  createTopic: definePlain(admin.createTopic),
  deleteTopic: definePlain(admin.deleteTopic),
  listTopics: definePlain(admin.listTopics),
  describeTopic: definePlain(admin.describeTopic),
  createPartitions: definePlain(admin.createPartitions),
  describeConfigs: definePlain(admin.describeConfigs),
  alterConfigs: definePlain(admin.alterConfigs),
  deleteRecords: definePlain(admin.deleteRecords),
  describeCluster: definePlain(admin.describeCluster),
} as const
