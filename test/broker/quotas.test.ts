// Quotas of clients: who has which, how they are measured, and what may be set.

import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { Allowances } from '../../src/broker/quotas/allowances.ts'
import { QuotaAdmin } from '../../src/broker/quotas/quota-admin.ts'
import { QuotaService } from '../../src/broker/quotas/quota-service.ts'
import { QuotaTable } from '../../src/broker/quotas/quota-table.ts'
import { quotaKey, type ClientQuota } from '../../src/metadata/client-quotas.ts'
import type { QuotaEntity } from '../../src/metadata/metadata-record.ts'
import { clusterOfOne, type ClusterOfOne } from '../controller/cluster-of-one.ts'
import { ManualClock } from '../support/manual-clock.ts'

const GO = { validateOnly: false }
const CALLER = { principal: 'User:ann', clientId: 'app', host: '10.0.0.1' }

describe('which quota holds', () => {
  // The order of Kafka's documentation, "Quota Configuration".
  const ENTITIES: readonly QuotaEntity[] = [
    { user: 'ann', clientId: 'app' },
    { user: 'ann', clientId: null },
    { user: 'ann' },
    { user: null, clientId: 'app' },
    { user: null, clientId: null },
    { user: null },
    { clientId: 'app' },
    { clientId: null },
  ]

  function tableOf(entities: readonly QuotaEntity[]): QuotaTable {
    const quotas = entities.map((entity): [string, ClientQuota] => {
      const limits = new Map([['producer_byte_rate', ENTITIES.indexOf(entity) + 1]])
      return [quotaKey(entity), { entity, limits }]
    })
    return new QuotaTable(new Map(quotas))
  }

  test('the most specific one does, whichever are there', () => {
    fc.assert(
      fc.property(fc.subarray([...ENTITIES]), (entities) => {
        const first = ENTITIES.findIndex((entity) => entities.includes(entity))
        const hit = tableOf(entities).find('producer_byte_rate', 'ann', 'app')
        expect(hit?.limit ?? 0).toBe(first + 1)
      }),
    )
  })

  test('for others it is that of their own names, or a default', () => {
    const table = tableOf(ENTITIES)
    expect(table.find('producer_byte_rate', 'bob', 'app')?.limit).toBe(4)
    expect(table.find('producer_byte_rate', 'ann', 'other')?.limit).toBe(2)
    expect(table.find('producer_byte_rate', 'bob', 'other')?.limit).toBe(5)
    expect(table.find('consumer_byte_rate', 'ann', 'app')).toBeNull()
  })

  test('is shared by those to whom it was given, and by nobody else', () => {
    const holder = (entity: QuotaEntity, user: string, clientId: string) => {
      return tableOf([entity]).find('producer_byte_rate', user, clientId)?.holder
    }
    for (const user of ['ann', null]) {
      expect(holder({ user }, 'ann', 'a')).toBe(holder({ user }, 'ann', 'b'))
      expect(holder({ user, clientId: null }, 'ann', 'a')).not.toBe(
        holder({ user, clientId: null }, 'ann', 'b'),
      )
    }
    expect(holder({ user: null }, 'ann', 'a')).not.toBe(holder({ user: null }, 'bob', 'a'))
    expect(holder({ clientId: null }, 'ann', 'a')).toBe(holder({ clientId: null }, 'bob', 'a'))
    expect(holder({ user: null, clientId: null }, 'a', 'cb')).not.toBe(
      holder({ user: null, clientId: null }, 'ac', 'b'),
    )
  })
})

describe('an allowance', () => {
  const OPTIONS = { burstSeconds: 10, maxWaitMs: 11_000 }

  test('gives what a window holds at once, and the rest in its time', () => {
    const clock = new ManualClock()
    const allowances = new Allowances({ clock, ...OPTIONS })
    expect(allowances.take('a', 100, 1_000)).toBe(0)
    expect(allowances.take('a', 100, 50)).toBe(500)
    clock.advance(250)
    expect(allowances.take('a', 100, 0)).toBe(250)
    clock.advance(250)
    expect(allowances.take('a', 100, 0)).toBe(0)
    expect(allowances.take('b', 100, 1_000), 'another holder').toBe(0)
  })

  test('lets nobody wait longer than a window, whatever was taken', () => {
    const clock = new ManualClock()
    const allowances = new Allowances({ clock, ...OPTIONS })
    expect(allowances.take('a', 1, 1_000_000)).toBe(11_000)
    clock.advance(11_000)
    expect(allowances.take('a', 1, 0)).toBe(0)
  })

  test('holds a client that waits as it is told to its rate, whatever it takes at a time', () => {
    const amounts = fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 100, maxLength: 300 })
    fc.assert(
      fc.property(fc.integer({ min: 500, max: 5_000 }), amounts, (limit, taken) => {
        const clock = new ManualClock()
        const allowances = new Allowances({ clock, ...OPTIONS })
        let total = 0
        for (const amount of taken) {
          total += amount
          clock.advance(allowances.take('a', limit, amount))
        }
        const seconds = clock.monotonicMs() / 1_000
        expect(total).toBeLessThanOrEqual(limit * (seconds + 10) + 1)
        if (seconds > 0) expect(total).toBeGreaterThanOrEqual(limit * (seconds + 10) - limit)
      }),
    )
  })

  test('is forgotten of who took longest ago, so that memory has a bound', () => {
    const clock = new ManualClock()
    const allowances = new Allowances({ clock, ...OPTIONS, maxHolders: 2 })
    for (const holder of ['a', 'b', 'a', 'c']) allowances.take(holder, 1, 10)
    expect(['a', 'b', 'c'].map((holder) => allowances.left(holder, 1))).toEqual([-10, 10, 0])
  })
})

describe('a broker', () => {
  let cluster: ClusterOfOne
  let clock: ManualClock
  let admin: QuotaAdmin
  let quotas: QuotaService

  beforeEach(async () => {
    cluster = await clusterOfOne()
    clock = new ManualClock()
    const { controller: control, store } = cluster
    admin = new QuotaAdmin({ control, store })
    quotas = new QuotaService({ clock, store, windowCount: 11, windowSeconds: 1 })
  })

  async function set(entity: QuotaEntity, name: string, limit: number | null): Promise<void> {
    const results = await admin.alter(CALLER, [{ entity, limits: new Map([[name, limit]]) }], GO)
    expect(results).toEqual([null])
  }

  test('counts nothing as long as nobody has a quota', async () => {
    expect(quotas.active).toBe(false)
    expect(quotas.produced(CALLER, 1e12)).toBe(0)
    await set({ user: 'bob' }, 'producer_byte_rate', 1)
    expect(quotas.active).toBe(true)
    expect(quotas.produced(CALLER, 1e12)).toBe(0)
    await set({ user: 'bob' }, 'producer_byte_rate', null)
    expect(quotas.active).toBe(false)
  })

  test('holds producing and fetching to rates of their own, as they are changed', async () => {
    await set({ user: 'ann' }, 'producer_byte_rate', 1_000)
    await set({ user: 'ann' }, 'consumer_byte_rate', 500)
    expect(quotas.produced(CALLER, 11_000)).toBe(1_000)
    expect(quotas.fetched(CALLER, 5_000)).toBe(0)
    expect(quotas.fetched(CALLER, 500)).toBe(1_000)
    await set({ user: 'ann' }, 'producer_byte_rate', 2_000)
    expect(quotas.produced(CALLER, 0)).toBe(500)
  })

  test('counts the event loop’s time in percent, and lets nobody wait more than a second', async () => {
    await set({ clientId: 'app' }, 'request_percentage', 50)
    expect(quotas.worked(CALLER, 500)).toBe(0)
    expect(quotas.worked(CALLER, 100)).toBe(200)
    expect(quotas.worked(CALLER, 60_000)).toBe(1_000)
  })

  test('refuses changes of partitions to whoever has to wait', async () => {
    await set({ user: null }, 'controller_mutation_rate', 2)
    quotas.checkMutations(CALLER)
    expect(quotas.mutated(CALLER, 21)).toBe(500)
    expect(() => quotas.checkMutations(CALLER)).toThrow('THROTTLING_QUOTA_EXCEEDED')
    clock.advance(501)
    expect(() => quotas.checkMutations(CALLER)).not.toThrow()
  })

  test('lets addresses connect at their rate', async () => {
    await set({ ip: null }, 'connection_creation_rate', 10)
    await set({ ip: '10.0.0.1' }, 'connection_creation_rate', 1)
    expect(quotas.connected('10.0.0.1')).toBe(0)
    expect(quotas.connected('10.0.0.1')).toBe(1_000)
    for (let count = 0; count < 10; count++) expect(quotas.connected('10.0.0.2')).toBe(0)
    expect(quotas.connected('10.0.0.2')).toBe(100)
    expect(quotas.connected('10.0.0.3'), 'each under the default for itself').toBe(0)
  })

  test('validates quotas and sets them, each entity for itself', async () => {
    const good = { entity: { user: 'ann' }, limits: new Map([['producer_byte_rate', 1]]) }
    const bad: [QuotaEntity, string, number][] = [
      [{}, 'producer_byte_rate', 1],
      [{ user: 'ann' }, 'nonsense', 1],
      [{ user: 'ann' }, 'connection_creation_rate', 1],
      [{ ip: '10.0.0.1' }, 'producer_byte_rate', 1],
      [{ ip: '10.0.0.1', user: 'ann' }, 'connection_creation_rate', 1],
      [{ ip: 'nowhere' }, 'connection_creation_rate', 1],
      [{ user: 'ann' }, 'producer_byte_rate', 0],
      [{ user: 'ann' }, 'producer_byte_rate', -1],
      [{ user: 'ann' }, 'producer_byte_rate', 1.5],
      [{ user: 'ann' }, 'producer_byte_rate', Number.NaN],
      [{ user: 'ann' }, 'producer_byte_rate', Infinity],
      [{ user: '' }, 'producer_byte_rate', 1],
    ]
    const wrong = bad.map(([entity, name, limit]) => ({ entity, limits: new Map([[name, limit]]) }))
    const checked = await admin.alter(CALLER, [good, ...wrong], { validateOnly: true })
    expect(checked.map((error) => error?.code ?? null)).toEqual([
      null,
      ...bad.map(() => 'INVALID_REQUEST'),
    ])
    expect(cluster.store.image.clientQuotas.size).toBe(0)
    await admin.alter(CALLER, [...wrong, good], GO)
    expect([...cluster.store.image.clientQuotas.values()]).toEqual([good])
  })

  test('describes the entities that match in all parts', async () => {
    const entities: QuotaEntity[] = [
      { user: 'ann' },
      { user: 'ann', clientId: 'app' },
      { user: null, clientId: null },
      { clientId: 'app' },
    ]
    for (const entity of entities) await set(entity, 'producer_byte_rate', 1)
    type Parts = Parameters<QuotaAdmin['describe']>[1]['parts']
    const ann = ['user', { match: 'name', name: 'ann' }] as const
    const anyClient = ['clientId', { match: 'any' }] as const
    const find = (parts: Parts, strict: boolean) => {
      const found = admin.describe(CALLER, { parts, strict })
      return found.map(({ entity }) =>
        entities.findIndex((one) => quotaKey(one) === quotaKey(entity)),
      )
    }
    expect(find(new Map(), false)).toEqual([0, 1, 2, 3])
    expect(find(new Map(), true)).toEqual([])
    expect(find(new Map([ann]), false)).toEqual([0, 1])
    expect(find(new Map([ann]), true)).toEqual([0])
    expect(find(new Map([anyClient]), false)).toEqual([1, 2, 3])
    expect(find(new Map([['clientId', { match: 'default' }]]), false)).toEqual([2])
  })
})
