// gRPC front of a group's session: its commands drive the session, and what the session gives goes out.

import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { BrokerError } from '../../../base/errors.ts'
import type { TopicPartition } from '../../../base/topic-partition.ts'
import type { GroupSession } from '../../../broker/group-session/group-session.ts'
import type {
  AssignedPosition,
  CommitOutcome,
  GroupSessionRequest,
  GroupSessionSink,
  OffsetReset,
  SentRecords,
} from '../../../broker/group-session/session-request.ts'
import type { GroupSessions } from '../../../broker/group-session/group-sessions.ts'
import type { ApiCounters } from '../../../observability/api-counters.ts'
import type { Logger } from '../../../observability/logger.ts'
import * as pb from '../../../protocol/grpc/gen/sluice/v1/groups_pb.ts'
import { GROUP_SERVICE } from '../../../protocol/grpc/services.ts'
import type { SessionResponse } from '../../../protocol/grpc/session-codec.ts'
import type { CallStream, StreamHandler } from '../call-stream.ts'
import type { CallHost, StreamContext } from '../calls.ts'
import { errorMessage } from '../error-message.ts'
import { refusalOf } from '../errors.ts'
import { parseOffset, parseSubscription } from './group-values.ts'
import { parseIsolation, parsePosition } from '../positions.ts'
import { wireRecord } from '../subscribe.ts'

const COMMIT_INTERVAL_MS = 5_000
const CREDIT_BYTES = 1024 * 1024
const MAX_CREDIT_BYTES = 64 * 1024 * 1024
const MAX_RECORDS = 1_000
const MAX_MAX_RECORDS = 100_000
const MAX_POLL_INTERVAL_MS = 300_000

/** What an event without records takes on the wire, about: with, for each of its partitions. */
const EVENT_BYTES = 64

export function addGroupSession(calls: CallHost, sessions: GroupSessions, logger: Logger): void {
  calls.bidi(GROUP_SERVICE.session, (context) => new SessionStream(sessions, logger, context))
}

type Event = NonNullable<MessageInitShape<typeof pb.SessionResponseSchema>['event']>

class SessionStream implements StreamHandler<pb.SessionRequest>, GroupSessionSink {
  readonly #sessions: GroupSessions
  readonly #logger: Logger
  readonly #stream: CallStream<pb.SessionRequest, SessionResponse>
  readonly #api: ApiCounters
  #session: GroupSession | null = null
  #isHeld = false

  constructor(
    sessions: GroupSessions,
    logger: Logger,
    { stream, api }: StreamContext<pb.SessionRequest, SessionResponse>,
  ) {
    this.#sessions = sessions
    this.#logger = logger
    this.#stream = stream
    this.#api = api
  }

  received({ command }: pb.SessionRequest): void {
    if (command.case === 'open') this.#open(command.value)
    else if (this.#session === null) throw new BrokerError('INVALID_REQUEST', NOT_OPEN)
    else this.#command(this.#session, command)
    if (command.case !== 'ack') this.#api.answered('OK', null)
  }

  /** The client is done: what it acknowledged is committed, its member leaves, and the call ends. */
  halfClosed(): void {
    if (this.#session === null) this.#stream.end(null)
    else void this.#session.end(null)
  }

  writable(): void {
    if (this.#isHeld) this.#stream.release()
    this.#isHeld = false
    this.#session?.resumeSink()
  }

  stop(reason: BrokerError): void {
    if (this.#session === null) this.#stream.end(reason)
    else void this.#session.end(reason)
  }

  /** The stream broke. What was acknowledged is committed all the same. */
  closed(): void {
    void this.#session?.end(null)
  }

  records({ sequence, records, sizeBytes }: SentRecords): boolean {
    this.#api.answered('OK', null)
    const message = { sequence, records: records.map(wireRecord) }
    return this.#stream.send({ kind: 'records', message }, sizeBytes)
  }

  joined(memberId: string, memberEpoch: number): void {
    this.#send({ case: 'joined', value: { memberId, memberEpoch } })
  }

  assigned(positions: readonly AssignedPosition[]): void {
    const partitions = positions.map(({ topic, partition, nextOffset, committedOffset }) => ({
      ...{ topic, partition },
      nextOffset: BigInt(nextOffset),
      committedOffset: BigInt(committedOffset),
    }))
    this.#send({ case: 'assigned', value: { partitions } }, partitions.length)
  }

  revoked(partitions: readonly TopicPartition[]): void {
    this.#send({ case: 'revoke', value: { partitions: partitions.map(refOf) } }, partitions.length)
  }

  lost(partitions: readonly TopicPartition[], error: BrokerError): void {
    const value = { partitions: partitions.map(refOf), ...errorMessage(error) }
    this.#send({ case: 'lost', value }, partitions.length)
  }

  heartbeat(timeMs: number): void {
    this.#send({ case: 'heartbeat', value: { timeMs: BigInt(timeMs) } })
  }

  ended(error: BrokerError | null): void {
    this.#stream.end(error === null ? null : refusalOf(error, this.#api.api, this.#logger))
  }

  #open(given: pb.OpenSession): void {
    if (this.#session !== null) {
      throw new BrokerError('INVALID_REQUEST', { message: 'The session is open already' })
    }
    const { caller, memory } = this.#stream
    this.#session = this.#sessions.open(caller, parseOpen(given), this, memory)
  }

  #command(session: GroupSession, command: pb.SessionRequest['command']): void {
    switch (command.case) {
      case 'ack':
        session.acknowledge(Math.min(Number(command.value.sequence), Number.MAX_SAFE_INTEGER))
        return
      case 'release':
        session.release(command.value.partitions)
        return
      case 'commit':
        void this.#commit(session, command.value)
        return
      case 'seek': {
        const { topic, partition, position } = command.value
        session.seek({ topic, partition }, parsePosition(position))
        return
      }
      case 'pause':
        session.pause(command.value.partitions)
        return
      case 'resume':
        session.resume(command.value.partitions)
        return
      case 'subscribe':
        session.subscribe(parseSubscription(command.value))
        return
      default:
        throw new BrokerError('INVALID_REQUEST', NO_COMMAND)
    }
  }

  async #commit(session: GroupSession, { offsets, tag }: pb.CommitPositions): Promise<void> {
    try {
      const committed = await session.commit(offsets.length > 0 ? offsets.map(parseOffset) : null)
      const partitions = committed.map(outcomeMessage)
      this.#send({ case: 'committed', value: { tag, partitions } }, partitions.length)
    } catch (error) {
      this.stop(refusalOf(error, this.#api.api, this.#logger))
    }
  }

  /** Reads nothing more of a client that does not read what it is answered. */
  #send(event: Event, partitionCount = 0): void {
    const message = create(pb.SessionResponseSchema, { event })
    const sizeBytes = EVENT_BYTES * (1 + partitionCount)
    if (this.#stream.send({ kind: 'event', message }, sizeBytes) || this.#isHeld) return
    if (!this.#stream.open) return
    this.#isHeld = true
    this.#stream.hold()
  }
}

const NOT_OPEN = { message: 'The first message of a session is `open`' }
const NO_COMMAND = { message: 'A message of Session holds one command, known to this broker' }

const RESETS: Readonly<Record<pb.OffsetReset, OffsetReset>> = {
  [pb.OffsetReset.UNSPECIFIED]: 'earliest',
  [pb.OffsetReset.EARLIEST]: 'earliest',
  [pb.OffsetReset.LATEST]: 'latest',
  [pb.OffsetReset.NONE]: 'none',
}

/** @throws BrokerError INVALID_REQUEST */
function parseOpen(given: pb.OpenSession): GroupSessionRequest {
  const offsetReset = RESETS[given.offsetReset]
  if (offsetReset === undefined) {
    const message = 'The offset reset is earliest, latest or none'
    throw new BrokerError('INVALID_REQUEST', { message, offset_reset: given.offsetReset })
  }
  const isManual = given.commitMode === pb.CommitMode.MANUAL
  return {
    groupId: given.groupId,
    subscription: parseSubscription(given.subscription),
    offsetReset,
    isolation: parseIsolation(given.isolation),
    commitIntervalMs: isManual ? null : given.commitIntervalMs || COMMIT_INTERVAL_MS,
    releasesByItself: given.releaseMode !== pb.ReleaseMode.MANUAL,
    creditBytes: Math.min(given.creditBytes || CREDIT_BYTES, MAX_CREDIT_BYTES),
    maxRecords: Math.min(given.maxRecords || MAX_RECORDS, MAX_MAX_RECORDS),
    maxPollIntervalMs: given.maxPollIntervalMs || MAX_POLL_INTERVAL_MS,
    instanceId: given.instanceId || null,
    rackId: given.rackId || null,
    assignor: given.assignor || null,
  }
}

function refOf({ topic, partition }: TopicPartition): TopicPartition {
  return { topic, partition }
}

function outcomeMessage({
  topic,
  partition,
  offset,
  error,
}: CommitOutcome): MessageInitShape<typeof pb.PartitionCommittedSchema> {
  return { topic, partition, offset: BigInt(offset), ...errorMessage(error) }
}
