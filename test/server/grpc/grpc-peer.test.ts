// Connections and calls, as far as they hold memory: by counts, over a session and streams of our own.

import { EventEmitter } from 'node:events'
import type { ServerHttp2Session } from 'node:http2'
import { beforeEach, expect, test } from 'vitest'
import { SendBudget } from '../../../src/network/send-budget.ts'
import { CallHold } from '../../../src/server/grpc/peers/call-hold.ts'
import { GrpcPeer } from '../../../src/server/grpc/peers/grpc-peer.ts'
import { ManualClock } from '../../support/manual-clock.ts'

class Session extends EventEmitter {
  destroyed = false
  resets = 0
  readonly handle = { bytesWritten: 0, writeQueueSize: 0 }
  readonly socket = {
    _handle: this.handle,
    bytesWritten: 0,
    resetAndDestroy: () => (this.resets += 1),
  }
}

class Stream extends EventEmitter {
  destroyed = false
  rstCode = 0
}

let clock: ManualClock
let budget: SendBudget
let session: Session
let peer: GrpcPeer
let reasons: string[]
let lostBytes: number

beforeEach(() => {
  clock = new ManualClock()
  budget = new SendBudget({ limitBytes: 100_000, clock, onFull: () => {} })
  session = new Session()
  reasons = []
  lostBytes = 0
  peer = new GrpcPeer(session as unknown as ServerHttp2Session, {
    ...{ clock, budget },
    refused: (reason) => reasons.push(reason),
    lost: (sizeBytes) => (lostBytes += sizeBytes),
  })
})

function hold(stream = new Stream()): CallHold {
  return new CallHold(budget, peer, stream as never)
}

test('what a call holds counts with its connection and with all, until its stream is closed', () => {
  const stream = new Stream()
  const [call, other] = [hold(stream), hold()]
  call.take(500)
  call.sent(1_000)
  other.sent(10)
  expect([peer.heldBytes, peer.dueBytes, budget.heldBytes]).toEqual([1_510, 1_010, 1_510])
  call.taken(400)
  call.take(-100)
  expect([call.dueBytes, peer.heldBytes, peer.dueBytes]).toEqual([600, 1_010, 610])
  stream.emit('close')
  expect([call.dueBytes, peer.heldBytes, peer.dueBytes, budget.heldBytes]).toEqual([0, 10, 10, 10])
  // What comes late is of no account.
  call.taken(600)
  call.sent(5)
  call.take(-400)
  expect([peer.heldBytes, peer.dueBytes, budget.heldBytes]).toEqual([10, 10, 10])
})

test('an answer has what was read for it', () => {
  const call = hold()
  call.take(5_000)
  call.answered(5_100)
  expect([peer.heldBytes, peer.dueBytes]).toEqual([5_100, 5_100])
})

test('a connection that is gone gives all back, once', () => {
  const stream = new Stream()
  const call = hold(stream)
  call.take(500)
  call.sent(1_000)
  peer.closed()
  expect([budget.heldBytes, peer.heldBytes, peer.dueBytes]).toEqual([0, 0, 0])
  stream.emit('close')
  call.sent(7)
  hold().sent(7)
  expect(budget.heldBytes).toBe(0)
})

test('what is left of a call that is broken off is lost, and of a connection that is gone', () => {
  const [good, bad, open] = [new Stream(), new Stream(), new Stream()]
  for (const stream of [good, bad, open]) hold(stream).sent(1_000)
  good.emit('close')
  expect(lostBytes).toBe(0)
  bad.rstCode = 8
  bad.emit('close')
  expect(lostBytes).toBe(1_000)
  peer.closed()
  expect(lostBytes).toBe(2_000)
  open.rstCode = 8
  open.emit('close')
  expect(lostBytes).toBe(2_000)
})

test('nothing counts of a call whose stream or connection is gone before', () => {
  const stream = new Stream()
  stream.destroyed = true
  hold(stream).sent(5)
  new CallHold(budget, null, new Stream() as never).sent(5)
  expect(budget.heldBytes).toBe(0)
})

test('answers to pings and settings are not taken for anything', () => {
  hold().sent(1_000)
  session.handle.bytesWritten = 500
  session.handle.writeQueueSize = 400
  expect(peer.takenBytes).toBe(100)
  expect(peer.stalledMs(clock.monotonicMs())).toBe(0)
  for (let second = 0; second < 3; second++) {
    clock.advance(1_000)
    session.emit('ping')
    session.emit('remoteSettings')
    session.handle.bytesWritten += 17 + 9
  }
  expect(peer.stalledMs(clock.monotonicMs())).toBe(3_000)
  session.handle.writeQueueSize -= 1
  expect(peer.stalledMs(clock.monotonicMs())).toBe(0)
})

test('time does not run while there is nothing to take', () => {
  const call = hold()
  call.take(10_000)
  peer.stalledMs(clock.monotonicMs())
  clock.advance(5_000)
  expect(peer.stalledMs(clock.monotonicMs())).toBe(0)
  call.sent(1_000)
  peer.stalledMs(clock.monotonicMs())
  clock.advance(5_000)
  expect(peer.stalledMs(clock.monotonicMs())).toBe(5_000)
})

test('a call of which nothing is taken for a minute counts, whatever others take', () => {
  const [left, read] = [hold(), hold()]
  left.sent(10_000)
  for (let second = 0; second < 60; second++) {
    expect(peer.stalledMs(clock.monotonicMs())).toBe(0)
    read.sent(10)
    session.handle.bytesWritten += 10
    read.taken(10)
    clock.advance(1_000)
  }
  session.handle.bytesWritten += 10
  expect(peer.stalledMs(clock.monotonicMs())).toBe(60_000)
  left.taken(1)
  expect(peer.stalledMs(clock.monotonicMs())).toBe(0)
})

test('who has much to take waits while there is no room, and who has little does not', () => {
  const call = hold()
  call.sent(64 * 1024 - 1)
  budget.change(200_000)
  expect(call.mustWait).toBe(false)
  call.sent(1)
  expect(call.mustWait).toBe(true)
  budget.change(-200_000)
  expect(call.mustWait).toBe(false)
})

test('it is cut by its socket, once, and for a reason', () => {
  peer.cut('send_memory', 'why')
  expect([session.resets, reasons]).toEqual([1, ['why']])
  session.destroyed = true
  peer.cut('send_memory', 'why')
  peer.destroy()
  expect([session.resets, reasons]).toEqual([1, ['why']])
})
