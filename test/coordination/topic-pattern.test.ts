// Regular expressions over topic names: the same answers as another engine, and none that hangs.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BrokerError } from '../../src/base/errors.ts'
import { compilePattern } from '../../src/coordination/group/regex/topic-pattern.ts'

function matches(pattern: string, name: string): boolean {
  return compilePattern(pattern).matches(name)
}

test('whole names match', () => {
  expect(matches('click', 'clicks')).toBe(false)
  expect(matches('click.*', 'clicks')).toBe(true)
  expect(matches('^clicks$', 'clicks')).toBe(true)
  expect(matches('a|b', 'b')).toBe(true)
  expect(matches('', '')).toBe(true)
  expect(matches('', 'a')).toBe(false)
  expect(matches('a^b', 'ab')).toBe(false)
  expect(matches('(^|x)a($|y)', 'a')).toBe(true)
})

test('the syntax that is documented works', () => {
  const cases: readonly [pattern: string, yes: string, no: string][] = [
    ['a{2,3}', 'aaa', 'aaaa'],
    ['a{2}', 'aa', 'a'],
    ['a{2,}b?', 'aaaab', 'a'],
    ['[a-c_]+', 'ab_c', 'abd'],
    ['[^a-c]+', 'xyz', 'xya'],
    ['[[:digit:].-]+', '1.2-3', '1a'],
    ['\\d+\\.\\w*', '12.ab_', 'a.b'],
    ['[\\d-]+', '1-2', 'a'],
    ['[]a]+', ']a', 'b'],
    ['\\Qa.b\\E+', 'a.b', 'axb'],
    ['(?i)CLICKS', 'cLiCks', 'click'],
    ['(?i:A)b', 'ab', 'aB'],
    ['(?P<name>ab)+', 'abab', 'aba'],
    ['(?:ab)*?c', 'ababc', 'abab'],
    ['\\Aab\\z', 'ab', 'b'],
    ['orders\\.(eu|us)\\..*', 'orders.eu.x', 'orders.as.x'],
    ['x{', 'x{', 'x'],
  ]
  for (const [pattern, yes, no] of cases) {
    expect([pattern, matches(pattern, yes), matches(pattern, no)]).toEqual([pattern, true, false])
  }
})

test('what is no expression, or not supported, is refused', () => {
  const bad = [
    '(',
    ')',
    'a)',
    '[a',
    '*',
    'a**',
    '[b-a]',
    '\\',
    'a{3,2}',
    'a{1001}',
    '(?=a)',
    '(?!a)',
  ]
  bad.push('\\1', '\\b', '\\p{L}', '[[:nothing:]]', 'a'.repeat(1_001), '('.repeat(200))
  bad.push('(((a{100}){100}){100})', '(?<=a)b')
  for (const pattern of bad) {
    expect(() => compilePattern(pattern), pattern).toThrow(BrokerError)
  }
})

test('expressions that hang engines that backtrack end, with an answer or a refusal', () => {
  const name = `${'a'.repeat(248)}!`
  for (const pattern of ['(a+)+', '(a|a)*', '(a*)*b', '(.*)(.*)(.*)(.*)x', '(a?){200}a{200}']) {
    expect(matches(pattern, name)).toBe(false)
  }
  // The deterministic automaton of this one has 2^200 states.
  const costly = compilePattern('(a|b)*a(a|b){200}')
  const names = Array.from({ length: 2_000 }, (_, seed) => {
    return Array.from({ length: 249 }, (_, at) =>
      (seed * 7919 + at * at * 31) % 3 ? 'a' : 'b',
    ).join('')
  })
  let refused = false
  try {
    for (const each of names) costly.matches(each)
  } catch (error) {
    refused = error instanceof BrokerError && error.code === 'INVALID_REGULAR_EXPRESSION'
  }
  expect(refused).toBe(true)
})

const piece: fc.Memo<string> = fc.memo((depth) => {
  const atom = fc.constantFrom('a', 'b', 'c', '.', '[ab]', '[^a]', '\\d', '1', '-')
  if (depth <= 1) return atom
  const inner = pattern(depth - 1)
  const suffix = fc.constantFrom('', '*', '+', '?', '{1,2}', '{0,3}', '{2}')
  return fc.oneof(
    atom,
    fc.tuple(inner, suffix).map(([text, end]) => `(?:${text})${end}`),
  )
})
const pattern: fc.Memo<string> = fc.memo((depth) => {
  const run = fc.array(piece(depth), { minLength: 1, maxLength: 3 }).map((list) => list.join(''))
  return fc.array(run, { minLength: 1, maxLength: 3 }).map((list) => list.join('|'))
})

test('answers are those of JavaScript where both know the syntax', () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '1', '-'), maxLength: 8 })
  fc.assert(
    fc.property(pattern(3), fc.array(name, { minLength: 1, maxLength: 10 }), (text, names) => {
      const compiled = compilePattern(text)
      const other = new RegExp(`^(?:${text})$`)
      for (const each of names) expect(compiled.matches(each)).toBe(other.test(each))
    }),
    { numRuns: 500 },
  )
})
