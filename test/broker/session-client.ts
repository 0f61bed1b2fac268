// A client of a group's session, as a front and the program behind it are: it takes what comes, and
// acknowledges by itself or when a test says.

import { expect } from 'vitest'
import type { BrokerError } from '../../src/base/errors.ts'
import { partitionName, type TopicPartition } from '../../src/base/topic-partition.ts'
import type { AnswerMemory } from '../../src/broker/fetch/answer-memory.ts'
import type { GroupSession } from '../../src/broker/group-session/group-session.ts'
import type {
  AssignedPosition,
  GroupSessionRequest,
  GroupSessionSink,
  SentRecords,
} from '../../src/broker/group-session/session-request.ts'
import { CALLER, type BrokerOfOne } from './broker-of-one.ts'

const DEFAULTS: GroupSessionRequest = {
  groupId: 'g',
  subscription: { topics: ['clicks'], topicRegex: '' },
  offsetReset: 'earliest',
  isolation: 'uncommitted',
  commitIntervalMs: 5_000,
  releasesByItself: true,
  creditBytes: 1024 * 1024,
  maxRecords: 1_000,
  maxPollIntervalMs: 300_000,
  instanceId: null,
  rackId: null,
  assignor: null,
}

export class SessionClient implements GroupSessionSink {
  readonly session: GroupSession
  /** What happened, in order, as in "assigned clicks-0@5", "records clicks-0 5..7". */
  readonly events: string[] = []
  /** Partitions that it has now, by name, and where each goes on. */
  readonly owned = new Map<string, number>()
  /** Partitions that it was told to give up. */
  readonly leaving = new Set<string>()
  /** Offsets that came, by partition. */
  readonly seen = new Map<string, number[]>()
  memberId = ''
  /** Undefined while the session goes on. */
  end: BrokerError | null | undefined = undefined
  /** Acknowledges what comes, at once. */
  acknowledges = true
  /** Of the last message that came. */
  sequence = 0
  /** Messages that it takes before it wants a rest. */
  room = Infinity

  constructor(
    broker: BrokerOfOne,
    request: Partial<GroupSessionRequest> = {},
    memory?: AnswerMemory,
  ) {
    this.session = broker.sessions.open(CALLER, { ...DEFAULTS, ...request }, this, memory)
  }

  /** Acknowledges all that has come. */
  acknowledge(): void {
    this.session.acknowledge(this.sequence)
  }

  records({ sequence, records }: SentRecords): boolean {
    expect(sequence).toBe(this.sequence + 1)
    this.sequence = sequence
    const first = records[0]!
    const name = partitionName(first)
    const offsets = records.map(({ record }) => record.offset)
    expect(this.owned.has(name), `${name} is owned when records of it come`).toBe(true)
    expect(offsets[0], `${name} goes on where it was`).toBeGreaterThanOrEqual(this.owned.get(name)!)
    this.owned.set(name, offsets.at(-1)! + 1)
    this.seen.set(name, [...(this.seen.get(name) ?? []), ...offsets])
    this.events.push(`records ${name} ${offsets[0]}..${offsets.at(-1)}`)
    if (this.acknowledges) queueMicrotask(() => this.session.acknowledge(sequence))
    this.room -= 1
    return this.room > 0
  }

  joined(memberId: string): void {
    this.memberId = memberId
    this.events.push('joined')
  }

  assigned(positions: readonly AssignedPosition[]): void {
    for (const position of positions) {
      const name = partitionName(position)
      this.owned.set(name, position.nextOffset)
      this.leaving.delete(name)
      this.events.push(`assigned ${name}@${position.nextOffset}`)
    }
  }

  revoked(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      const name = partitionName(partition)
      expect(this.owned.delete(name), `${name} was owned`).toBe(true)
      this.leaving.add(name)
      this.events.push(`revoked ${name}`)
    }
  }

  lost(partitions: readonly TopicPartition[], error: BrokerError): void {
    for (const partition of partitions) {
      const name = partitionName(partition)
      const wasOwned = this.owned.delete(name) || this.leaving.delete(name)
      expect(wasOwned, `${name} was owned`).toBe(true)
      this.events.push(`${error.code} lost ${name}`)
    }
    expect(this.owned.size, 'all is lost').toBe(0)
  }

  heartbeat(): void {
    this.events.push('heartbeat')
  }

  ended(error: BrokerError | null): void {
    expect(this.end).toBeUndefined()
    this.end = error
  }
}
