// PLAIN, and how fast passwords can be guessed.

import { expect, test } from 'vitest'
import { GuessLimiter } from '../../src/security/guess-limiter.ts'
import { PlainMechanism } from '../../src/security/sasl/plain.ts'
import { ManualClock } from '../support/manual-clock.ts'

const HOST = '127.0.0.1'

function plain(clock = new ManualClock()) {
  const users = new Map([
    ['ann', 'ann-secret'],
    ['bob', 'пароль'],
  ])
  const guesses = new GuessLimiter(clock, { burst: 3, recoveryMs: 1_000 })
  const mechanism = new PlainMechanism({ users, key: Buffer.alloc(32, 1), guesses })
  return (message: string, host = HOST) => mechanism.begin(host).step(Buffer.from(message))
}

test('a user and a password let in, also with the user’s own name to act as', () => {
  const step = plain()
  expect(step('\0ann\0ann-secret')).toEqual({
    kind: 'authenticated',
    token: Buffer.alloc(0),
    user: 'ann',
    expiresAtMs: null,
  })
  expect(step('bob\0bob\0пароль').kind).toBe('authenticated')
})

test('a wrong password and an unknown user hear the same', () => {
  const step = plain()
  const wrong = step('\0ann\0bob-secret')
  expect(wrong.kind).toBe('refused')
  for (const guess of ['\0eve\0ann-secret', '\0__proto__\0x', `\0ann\0${'x'.repeat(2_000)}`]) {
    expect(step(guess)).toEqual(wrong)
  }
})

test.each(['', 'ann', 'ann\0ann-secret', '\0ann\0ann-secret\0', '\0\0ann-secret', '\0ann\0'])(
  '%j is no message of PLAIN',
  (message) => {
    expect(plain()(message).kind).toBe('refused')
  },
)

test('nobody acts as another', () => {
  expect(plain()('bob\0ann\0ann-secret').kind).toBe('refused')
})

test('guesses are refused unseen when there were too many, and time brings them back', () => {
  const clock = new ManualClock()
  const step = plain(clock)
  for (let guess = 0; guess < 3; guess++) step('\0ann\0wrong')
  expect(step('\0ann\0ann-secret').kind, 'the right one, too late').toBe('refused')
  expect(step('\0ann\0ann-secret', '10.0.0.1').kind, 'from elsewhere').toBe('authenticated')
  expect(step('\0bob\0пароль').kind, 'another user').toBe('authenticated')
  clock.advance(1_000)
  expect(step('\0ann\0ann-secret').kind).toBe('authenticated')
})

test('the right password takes nothing from the allowance', () => {
  const step = plain()
  for (let times = 0; times < 10; times++) {
    expect(step('\0ann\0ann-secret').kind).toBe('authenticated')
  }
})

test('who guessed longest ago is forgotten first, so that memory has a bound', () => {
  const guesses = new GuessLimiter(new ManualClock(), { burst: 1, maxPairs: 2 })
  for (const user of ['a', 'b', 'a', 'c']) guesses.failed(HOST, user)
  expect(['a', 'b', 'c'].map((user) => guesses.allows(HOST, user))).toEqual([false, true, false])
})
