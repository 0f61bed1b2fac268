// Who is closed when answers that nobody takes leave no memory: by a clock by hand, and counts of bytes.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RoomMaker, type RoomHolder } from '../../src/network/room-maker.ts'
import { ManualClock } from '../support/manual-clock.ts'

const MB = 1_000_000
const LIMIT = 10 * MB
const LOOK_MS = 250
const PACE_MS = 3_000

/** A client that takes so much every quarter of a second, of what is held for it. */
class Client implements RoomHolder {
  heldBytes: number
  takenBytes = 0
  reason = ''
  readonly #room: Room
  bytesPerLook: number
  #seenBytes = -1
  #sinceMs = 0

  constructor(room: Room, heldBytes: number, bytesPerSecond: number) {
    this.#room = room
    this.heldBytes = 0
    this.bytesPerLook = Math.ceil((bytesPerSecond * LOOK_MS) / 1_000)
    this.hold(heldBytes)
  }

  get isCut(): boolean {
    return this.reason !== ''
  }

  get dueBytes(): number {
    return this.heldBytes
  }

  hold(sizeBytes: number): void {
    this.heldBytes += sizeBytes
    this.#room.maker.budget.change(sizeBytes)
  }

  take(): void {
    const sizeBytes = Math.min(this.heldBytes, this.bytesPerLook)
    this.takenBytes += sizeBytes
    this.heldBytes -= sizeBytes
    this.#room.maker.budget.change(-sizeBytes)
  }

  stalledMs(nowMs: number): number {
    if (this.takenBytes !== this.#seenBytes || this.heldBytes === 0) this.#sinceMs = nowMs
    this.#seenBytes = this.takenBytes
    return nowMs - this.#sinceMs
  }

  cut(_cause: 'send_memory', reason: string): void {
    this.reason = reason
    this.#room.maker.budget.change(-this.heldBytes)
    this.heldBytes = 0
  }
}

class Room {
  readonly clock = new ManualClock()
  readonly clients: Client[] = []
  readonly maker = new RoomMaker({
    limitBytes: LIMIT,
    clock: this.clock,
    holders: () => this.clients.filter(({ isCut }) => !isCut),
  })

  add(heldBytes: number, bytesPerSecond: number): Client {
    const client = new Client(this, heldBytes, bytesPerSecond)
    this.clients.push(client)
    return client
  }

  /** Clients take, and it is looked at them, so many times; `between` happens before each. */
  pass(durationMs: number, between: () => void = () => {}): void {
    for (let ms = 0; ms < durationMs; ms += LOOK_MS) {
      between()
      for (const client of this.clients) client.take()
      this.clock.advance(LOOK_MS)
    }
  }
}

/** Keeps a room full, by a client that takes ten times as much each second as it has to. */
function filled(restBytes: number): { readonly room: Room; readonly fill: () => void } {
  const room = new Room()
  const honest = room.add(restBytes, 10 * MB)
  const fill = (): void =>
    honest.hold(Math.max(0, 2 * LIMIT + 3 * MB - room.maker.budget.heldBytes))
  return { room, fill }
}

test('nobody is looked at while there is room', () => {
  const room = new Room()
  const client = room.add(2 * LIMIT - 1, 0)
  expect(room.clock.timerCount).toBe(0)
  room.pass(60_000)
  expect(client.isCut).toBe(false)
})

test('who takes nothing for a second is closed, who took none for longest first, as far as needed', () => {
  const room = new Room()
  const first = room.add(12 * MB, 0)
  first.stalledMs(room.clock.monotonicMs())
  room.clock.advance(500)
  const next = room.add(12 * MB, 0)
  room.pass(750)
  expect([first.isCut, next.isCut]).toEqual([true, false])
  expect(first.reason).toBe('takes nothing of its answers, and others need the memory')
  expect(room.clock.timerCount).toBe(0)
})

test('those who can do without what they hold are asked before anybody is closed', () => {
  const room = new Room()
  const client = room.add(15 * MB, 0)
  const { budget } = room.maker
  let hurried = 0
  budget.change(15 * MB)
  budget.hoard({
    hurry: () => {
      hurried += 1
      budget.change(-15 * MB)
    },
  })
  budget.hoard({ hurry: () => (hurried += 1) })
  room.pass(10_000)
  expect([hurried, client.isCut]).toEqual([2, false])
})

test('who takes a byte now and then is closed after three seconds', () => {
  const { room, fill } = filled(12 * MB)
  const trickle = room.add(8 * MB, 40)
  room.pass(PACE_MS, fill)
  expect(trickle.isCut).toBe(false)
  room.pass(LOOK_MS, fill)
  expect(trickle.reason).toBe('takes its answers too slowly, and others need the memory')
  expect(room.clients[0]!.isCut).toBe(false)
})

test('the slowest goes first, after those that take nothing, and no more than must', () => {
  const room = new Room()
  const pace = (sizeBytes: number, overMs: number): Client =>
    room.add(sizeBytes, sizeBytes / overMs)
  // Seconds that each would need: 100, 200, 300.
  const [slow, slower, slowest] = [pace(4 * MB, 100), pace(4 * MB, 200), pace(14 * MB, 300)]
  room.pass(PACE_MS + 2 * LOOK_MS)
  expect([slow.isCut, slower.isCut, slowest.isCut]).toEqual([false, false, true])
  slow.hold(2 * LIMIT)
  const dead = room.add(4 * MB, 0)
  room.pass(PACE_MS + 2 * LOOK_MS)
  expect([dead.isCut, slower.isCut]).toEqual([true, true])
})

test('who takes nothing goes before who takes a little', () => {
  const room = new Room()
  const slow = room.add(8 * MB, 1_000)
  const dead = room.add(14 * MB, 1_000)
  // Both are seen at 250 ms: by 3,250 ms it is known of one that it is slow, of the other that it is dead.
  room.pass(PACE_MS + LOOK_MS - 1_000)
  dead.bytesPerLook = 0
  room.pass(1_000)
  expect([slow.isCut, dead.isCut]).toEqual([false, true])
})

test('a line of 100 KB/s keeps its 4 MB, though the system takes of it in gulps', () => {
  const { room, fill } = filled(16 * MB)
  const honest = room.add(0, 0)
  let at = 0
  const lineOf = (): void => {
    fill()
    if (honest.heldBytes < 4 * MB) honest.hold(4 * MB - honest.heldBytes)
    at += 1
    if (at % 3 > 0) return
    honest.takenBytes += 75_000
    honest.hold(-75_000)
  }
  room.pass(90_000, lineOf)
  expect(honest.takenBytes).toBeGreaterThan(8 * MB)
  expect(honest.isCut).toBe(false)
})

test('what has come just now says nothing of the pace', () => {
  const { room, fill } = filled(16 * MB)
  const client = room.add(1_000, 100)
  room.pass(PACE_MS, fill)
  client.hold(4 * MB)
  room.pass(LOOK_MS, fill)
  expect(client.isCut).toBe(false)
})

test('what was seen of a client long ago is of no account', () => {
  const room = new Room()
  const client = room.add(MB, MB)
  const other = room.add(2 * LIMIT, 10 * MB)
  room.pass(5_000)
  expect(room.maker.budget.heldBytes).toBe(0)
  room.clock.advance(600_000)
  client.hold(4 * MB)
  other.hold(2 * LIMIT)
  room.pass(5_000)
  expect([client.isCut, other.isCut]).toEqual([false, false])
})

test('property: who takes all that is due within a minute is never closed', () => {
  const paces = fc.array(
    fc.record({ mb: fc.integer({ min: 1, max: 40 }), s: fc.integer({ min: 1, max: 55 }) }),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  fc.assert(
    fc.property(paces, (lines) => {
      const room = new Room()
      for (const { mb, s } of lines) room.add(mb * MB, (mb * MB) / s)
      const trickle = room.add(3 * LIMIT, 10)
      room.pass(60_000)
      expect(trickle.isCut).toBe(true)
      for (const client of room.clients.slice(0, -1)) expect(client.isCut).toBe(false)
      expect(room.maker.budget.heldBytes).toBe(0)
    }),
  )
})
