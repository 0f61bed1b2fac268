// Groups as the client asks for them, whatever the wire: the calls of a member, of somebody outside,
// and of who manages groups.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MEMBER_EPOCH } from '../../src/client/group-calls.ts'
import type { GroupHeartbeat, GroupHeartbeatAnswer } from '../../src/client/group-calls.ts'
import { Consumer, Producer, stringSerde } from '../../src/client/index.ts'
import { openTransport } from '../../src/client/open-transport.ts'
import type { PartitionRef, Transport } from '../../src/client/transport.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import type { ClientBroker } from './client-suite.ts'

const TIMEOUT_MS = 30_000

const random = new SeededRandom(11)

/** A member that does as it is told, one heartbeat at a time. */
class Member {
  readonly id = random.bytes(16).toString('base64url')
  epoch: number = MEMBER_EPOCH.join
  owned: readonly PartitionRef[] = []
  readonly #transport: Transport
  readonly #groupId: string
  readonly #topics: readonly string[]

  constructor(transport: Transport, groupId: string, topics: readonly string[]) {
    this.#transport = transport
    this.#groupId = groupId
    this.#topics = topics
  }

  get caller() {
    return {
      groupId: this.#groupId,
      memberId: this.id,
      memberEpoch: this.epoch,
      instanceId: null,
    }
  }

  async beat(): Promise<void> {
    const joins = this.epoch === MEMBER_EPOCH.join
    const { memberEpoch, assignment } = await this.#say({
      memberEpoch: this.epoch,
      rebalanceTimeoutMs: joins ? 60_000 : null,
      subscribedTopics: joins ? this.#topics : null,
      subscribedPattern: joins ? '' : null,
      ownedPartitions: this.owned,
    })
    this.epoch = memberEpoch
    this.owned = assignment ?? this.owned
  }

  async leave(): Promise<void> {
    await this.#say({ memberEpoch: MEMBER_EPOCH.leave })
  }

  #say(
    said: Partial<GroupHeartbeat> & Pick<GroupHeartbeat, 'memberEpoch'>,
  ): Promise<GroupHeartbeatAnswer> {
    const heartbeat = {
      groupId: this.#groupId,
      memberId: this.id,
      instanceId: null,
      rackId: null,
      rebalanceTimeoutMs: null,
      subscribedTopics: null,
      subscribedPattern: null,
      serverAssignor: null,
      ownedPartitions: null,
      ...said,
    }
    return this.#transport.heartbeatGroup(heartbeat, TIMEOUT_MS)
  }
}

/** Lets members say what they own until all is as it should be. */
async function settle(members: readonly Member[], done: () => boolean): Promise<void> {
  while (!done()) {
    for (const member of members) await member.beat()
    await new Promise((resolve) => {
      setTimeout(resolve, 20)
    })
  }
}

function indexes(refs: readonly PartitionRef[]): number[] {
  return refs.map(({ partition }) => partition).toSorted((a, b) => a - b)
}

export function testGroupCalls(start: () => Promise<ClientBroker>): void {
  describe('groups', () => {
    const topic = 'grouped'
    let broker: ClientBroker
    let transport: Transport

    beforeAll(async () => {
      broker = await start()
      transport = openTransport({ bootstrap: broker.bootstrap })
      await transport.createTopic({ name: topic, partitions: 4 }, TIMEOUT_MS)
      const producer = new Producer({ transport })
      for (let n = 0; n < 10; n++) await producer.send({ topic, value: String(n), partition: 0 })
      await producer.close()
    })

    afterAll(async () => {
      transport.close()
      await broker.remove()
    })

    test('share partitions, move them, and take them back', async () => {
      const groupId = 'shared'
      const first = new Member(transport, groupId, [topic])
      await settle([first], () => first.owned.length === 4)
      expect(first.owned.every((ref) => ref.topic === topic)).toBe(true)

      const second = new Member(transport, groupId, [topic])
      await settle([first, second], () => first.owned.length === 2 && second.owned.length === 2)
      expect(indexes([...first.owned, ...second.owned])).toEqual([0, 1, 2, 3])

      const described = await transport.describeGroup(groupId, TIMEOUT_MS)
      expect(described).toMatchObject({ groupId, type: 'consumer', protocolType: 'consumer' })
      expect(described.coordinator).not.toBeNull()
      expect(described.members.map(({ memberId }) => memberId).toSorted()).toEqual(
        [first.id, second.id].toSorted(),
      )
      const own = described.members.find(({ memberId }) => memberId === first.id)!
      expect(own.subscribedTopics).toEqual([topic])
      expect(indexes(own.assignment)).toEqual(indexes(first.owned))
      expect(described.partitions).toHaveLength(4)
      const readers = described.partitions.map(({ memberId }) => memberId)
      expect(readers.filter((memberId) => memberId === first.id)).toHaveLength(2)

      await second.leave()
      await settle([first], () => first.owned.length === 4)
      await first.leave()
    })

    test('keep what a member commits, and show how far it has come', async () => {
      const groupId = 'committed'
      const member = new Member(transport, groupId, [topic])
      await settle([member], () => member.owned.length === 4)
      const outcomes = await transport.commitOffsets(
        member.caller,
        [
          { topic, partition: 0, offset: 4, leaderEpoch: 0, metadata: 'four' },
          { topic, partition: 1, offset: 0 },
          { topic, partition: 99, offset: 0 },
        ],
        TIMEOUT_MS,
      )
      expect(outcomes.map(({ error }) => error?.code ?? null)).toEqual([
        null,
        null,
        'UNKNOWN_TOPIC_OR_PARTITION',
      ])
      const refs = [3, 0].map((partition) => ({ topic, partition }))
      expect(await transport.fetchOffsets(member.caller, refs, TIMEOUT_MS)).toMatchObject([
        { topic, partition: 3, offset: -1, error: null },
        { topic, partition: 0, offset: 4, leaderEpoch: 0, metadata: 'four', error: null },
      ])
      const all = await transport.fetchOffsets(member.caller, null, TIMEOUT_MS)
      expect(indexes(all)).toEqual([0, 1])

      const { partitions } = await transport.describeGroup(groupId, TIMEOUT_MS)
      expect(partitions[0]).toMatchObject({
        topic,
        partition: 0,
        committedOffset: 4,
        logStartOffset: 0,
        highWatermark: 10,
        lag: 6,
        memberId: member.id,
      })
      expect(partitions[2]).toMatchObject({ committedOffset: -1, lag: -1 })

      const stale = { ...member.caller, memberEpoch: member.epoch + 5 }
      await expect(
        transport.commitOffsets(stale, [{ topic, partition: 0, offset: 9 }], TIMEOUT_MS),
      ).rejects.toMatchObject({ code: 'STALE_MEMBER_EPOCH' })
      await member.leave()
    })

    test('take offsets from outside while nobody is in them, and forget them', async () => {
      const groupId = 'from-outside'
      const outside = { groupId, memberId: '', memberEpoch: MEMBER_EPOCH.none, instanceId: null }
      const offsets = [0, 1].map((partition) => ({ topic, partition, offset: partition }))
      const outcomes = await transport.commitOffsets(outside, offsets, TIMEOUT_MS)
      expect(outcomes.map(({ error }) => error)).toEqual([null, null])

      const { type, state, members, partitions } = await transport.describeGroup(
        groupId,
        TIMEOUT_MS,
      )
      expect({ type, state, members }).toEqual({ type: 'classic', state: 'Empty', members: [] })
      expect(partitions.map(({ committedOffset }) => committedOffset)).toEqual([0, 1])

      const deleted = [{ topic, partition: 1 }]
      expect(await transport.deleteOffsets(groupId, deleted, TIMEOUT_MS)).toEqual([
        { topic, partition: 1, error: null },
      ])
      expect(indexes(await transport.fetchOffsets(outside, null, TIMEOUT_MS))).toEqual([0])
    })

    test('are listed by name, and deleted when nobody is in them', async () => {
      const member = new Member(transport, 'listed-b', [topic])
      await settle([member], () => member.owned.length === 4)
      const outside = { memberId: '', memberEpoch: MEMBER_EPOCH.none, instanceId: null }
      const offset = { topic, partition: 0, offset: 1 }
      await transport.commitOffsets({ groupId: 'listed-a', ...outside }, [offset], TIMEOUT_MS)

      const listed = await transport.listGroups({}, TIMEOUT_MS)
      const names = listed.map(({ groupId }) => groupId)
      expect(names).toEqual(names.toSorted())
      expect(listed).toEqual(
        expect.arrayContaining([
          { groupId: 'listed-a', type: 'classic', protocolType: '', state: 'Empty' },
          expect.objectContaining({ groupId: 'listed-b', type: 'consumer', state: 'Stable' }),
        ]),
      )
      const stable = await transport.listGroups({ states: ['Stable'] }, TIMEOUT_MS)
      expect(stable.map(({ groupId }) => groupId)).not.toContain('listed-a')
      const classic = await transport.listGroups({ types: ['classic'] }, TIMEOUT_MS)
      expect(classic.map(({ groupId }) => groupId)).not.toContain('listed-b')

      const groups = ['listed-a', 'listed-b', 'listed-none']
      const outcomes = await transport.deleteGroups(groups, TIMEOUT_MS)
      expect(outcomes.map(({ groupId, error }) => [groupId, error?.code ?? null])).toEqual([
        ['listed-a', null],
        ['listed-b', 'NON_EMPTY_GROUP'],
        ['listed-none', 'GROUP_ID_NOT_FOUND'],
      ])
      await expect(transport.describeGroup('listed-a', TIMEOUT_MS)).rejects.toMatchObject({
        code: 'GROUP_ID_NOT_FOUND',
      })
      await member.leave()
    })
  })
}

/** Consumers that are members of groups. */
export function testGroupConsumers(start: () => Promise<ClientBroker>): void {
  describe('consumers of a group', () => {
    let broker: ClientBroker

    beforeAll(async () => {
      broker = await start()
    })

    afterAll(async () => {
      await broker.remove()
    })

    function consumerOf(groupId: string): Consumer<Buffer, string> {
      return new Consumer({
        bootstrap: broker.bootstrap,
        groupId,
        autoOffsetReset: 'earliest',
        valueDeserializer: stringSerde,
      })
    }

    test('share a topic, give partitions to who joins, and go on where they have committed', async () => {
      const [topic, groupId] = ['shared-out', 'readers']
      const { bootstrap } = broker
      const transport = openTransport({ bootstrap })
      await transport.createTopic({ name: topic, partitions: 4 }, TIMEOUT_MS)
      const producer = new Producer({ transport })
      let sent = 0
      const send = async (count: number): Promise<void> => {
        const sends = Array.from({ length: count }, (_, n) => {
          return producer.send({ topic, value: String(sent + n), partition: (sent + n) % 4 })
        })
        sent += count
        await Promise.all(sends)
      }

      const read = new Map<string, Set<string>>()
      let wake = (): void => {}
      const readAs = async (name: string, consumer: Consumer<Buffer, string>): Promise<void> => {
        read.set(name, new Set())
        for await (const { value } of consumer) {
          read.get(name)!.add(value!)
          wake()
        }
      }
      const until = async (done: () => boolean): Promise<void> => {
        while (!done()) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      }
      const total = (): number => new Set([...read.values()].flatMap((set) => [...set])).size

      await send(200)
      const first = consumerOf(groupId)
      await first.subscribe(topic)
      const firstReads = readAs('first', first)
      await until(() => total() === 200)

      const second = consumerOf(groupId)
      let moved = (): void => {}
      const shared = new Promise<void>((resolve) => {
        moved = resolve
      })
      let owned = 0
      await second.subscribe(topic, {
        onAssigned: (partitions) => {
          owned += partitions.length
          if (owned === 2) moved()
        },
      })
      const secondReads = readAs('second', second)
      await shared
      await send(200)
      await until(() => total() === 400)
      expect(read.get('second')!.size).toBeGreaterThan(0)
      expect([first, second].map((consumer) => consumer.assignment().length)).toEqual([2, 2])

      await second.close()
      await secondReads
      await first.close()
      await firstReads
      const { partitions, members } = await transport.describeGroup(groupId, TIMEOUT_MS)
      expect(members).toEqual([])
      expect(partitions.map(({ lag }) => lag)).toEqual([0, 0, 0, 0])

      const third = consumerOf(groupId)
      await third.subscribe(topic)
      const thirdReads = readAs('third', third)
      await send(8)
      await until(() => total() === 408)
      await third.close()
      await thirdReads
      expect(read.get('third')!.size).toBe(8)
      await producer.close()
      transport.close()
    })
  })
}
