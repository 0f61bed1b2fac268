// Groups as people see them.

import { expect, test } from 'vitest'
import { groupLines, refsText } from '../../src/cli/commands/group-view.ts'
import type { GroupDescription } from '../../src/client/index.ts'

test('partitions of a topic are shown as ranges, ordered', () => {
  const refs = [5, 0, 2, 1].map((partition) => ({ topic: 'clicks', partition }))
  expect(refsText([{ topic: 'orders', partition: 7 }, ...refs])).toBe('clicks:0-2,5 orders:7')
  expect(refsText([])).toBe('-')
})

const GROUP: GroupDescription = {
  ...{ groupId: 'reports', type: 'consumer', protocolType: 'consumer', state: 'Reconciling' },
  ...{ coordinator: 0, assignor: 'uniform', groupEpoch: 7 },
  members: [
    {
      ...{ memberId: 'm1', instanceId: null, clientId: 'app', clientHost: '/127.0.0.1' },
      ...{ memberEpoch: 6, subscribedTopics: ['clicks'], subscribedPattern: null },
      assignment: [0, 1].map((partition) => ({ topic: 'clicks', partition })),
      targetAssignment: [{ topic: 'clicks', partition: 0 }],
    },
    {
      ...{ memberId: 'm2', instanceId: 'blue', clientId: 'app', clientHost: '/127.0.0.1' },
      ...{ memberEpoch: 7, subscribedTopics: [], subscribedPattern: 'cl.*', assignment: [] },
      targetAssignment: [{ topic: 'clicks', partition: 1 }],
    },
  ],
  partitions: [
    {
      ...{ topic: 'clicks', partition: 0, committedOffset: 90, metadata: '', logStartOffset: 0 },
      ...{ highWatermark: 1_324, lag: 1_234, memberId: 'm1' },
    },
    {
      ...{ topic: 'clicks', partition: 1, committedOffset: -1, metadata: '', logStartOffset: 0 },
      ...{ highWatermark: 5, lag: -1, memberId: null },
    },
  ],
}

test('a group is shown by its state, its partitions and its members', () => {
  expect(groupLines(GROUP)).toEqual([
    'group reports: Reconciling, 2 members, lag 1,234',
    'consumer protocol, assignor uniform, epoch 7, coordinator broker 0',
    '',
    'TOPIC   PARTITION  COMMITTED   END   LAG  MEMBER',
    'clicks          0         90  1324  1234  m1',
    'clicks          1          -     5     -  -',
    '',
    'MEMBER  CLIENT  HOST        EPOCH  READS       GETS      GIVES UP  SUBSCRIBED',
    'm1      app     /127.0.0.1      6  clicks:0-1  -         clicks:1  clicks',
    'blue    app     /127.0.0.1      7  -           clicks:1  -         /cl.*/',
  ])
})

test('a group of another kind is shown without what it has not', () => {
  const members = [{ ...GROUP.members[0]!, memberEpoch: -1, assignment: [], targetAssignment: [] }]
  const connect = { type: 'classic', protocolType: 'connect', state: 'Stable' } as const
  const more = { assignor: 'sessioned', groupEpoch: 3, coordinator: null, partitions: [] }
  expect(groupLines({ ...GROUP, ...connect, ...more, members }).slice(0, 3)).toEqual([
    'group reports: Stable, 1 member, lag 0',
    'classic protocol, of type connect, assignor sessioned, epoch 3',
    '',
  ])
})
