// Parses regular expressions over topic names: the part of RE2's syntax that is of use there.
//
//   alternation   concatenation ('|' concatenation)*
//   concatenation repetition*
//   repetition    atom ('*' | '+' | '?' | '{n}' | '{n,}' | '{n,m}') '?'?      n, m ≤ 1000
//   atom          literal · '.' · '[…]' with ranges, negation and [:alpha:] · '^' '$' '\A' '\z'
//                 '\d' '\D' '\w' '\W' '\s' '\S' · '\Q…\E' · '(…)' '(?:…)' '(?P<name>…)' '(?<name>…)'
//                 '(?i)' '(?i:…)'; the flags m, s and U change nothing here
//
// Back-references and look-around are not in RE2, since they cannot be matched in linear time; word
// boundaries and Unicode classes are left out, since topic names are ASCII.
// Source: https://github.com/google/re2/wiki/Syntax

import { BrokerError } from '../../../base/errors.ts'

/** Characters of ASCII, by code. */
export type CharSet = Uint8Array

export type Node =
  | { readonly kind: 'set'; readonly set: CharSet }
  | { readonly kind: 'begin' | 'end' }
  | { readonly kind: 'all'; readonly nodes: readonly Node[] }
  | { readonly kind: 'any'; readonly nodes: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly min: number; readonly max: number }

/** Longest pattern, in characters. */
export const MAX_PATTERN_LENGTH = 1_000
const MAX_REPEAT = 1_000
const MAX_DEPTH = 100
const ASCII = 128

const CLASSES: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\x00-\x7f',
  digit: '0-9',
  lower: 'a-z',
  punct: '!-/:-@[-`{-~',
  space: '\t\n\v\f\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
}
const ESCAPED_CLASSES: Readonly<Record<string, string>> = { d: 'digit', w: 'word', s: 'space' }
const ESCAPED_CHARS: Readonly<Record<string, string>> = {
  ...{ t: '\t', n: '\n', r: '\r', f: '\f', v: '\v', a: '\x07' },
}

/** @throws BrokerError INVALID_REGULAR_EXPRESSION */
export function parsePattern(pattern: string): Node {
  return new Parser(pattern).parse()
}

class Parser {
  readonly #pattern: string
  #at = 0
  #depth = 0
  #ignoreCase = false

  constructor(pattern: string) {
    this.#pattern = pattern
  }

  parse(): Node {
    if (this.#pattern.length > MAX_PATTERN_LENGTH) this.#fail('it is too long')
    const node = this.#alternation()
    if (this.#at < this.#pattern.length) this.#fail('a parenthesis is closed that was not opened')
    return node
  }

  #alternation(): Node {
    if (++this.#depth > MAX_DEPTH) this.#fail('it is nested too deeply')
    const flag = this.#ignoreCase
    const nodes = [this.#concatenation()]
    while (this.#take('|')) nodes.push(this.#concatenation())
    this.#ignoreCase = flag
    this.#depth -= 1
    return nodes.length === 1 ? nodes[0]! : { kind: 'any', nodes }
  }

  #concatenation(): Node {
    const nodes: Node[] = []
    while (this.#at < this.#pattern.length && !'|)'.includes(this.#peek())) {
      const atom = this.#atom()
      if (atom !== null) nodes.push(this.#repetition(atom))
    }
    return nodes.length === 1 ? nodes[0]! : { kind: 'all', nodes }
  }

  #repetition(atom: Node): Node {
    const bounds = this.#bounds()
    if (bounds === null) return atom
    this.#take('?') // Which match is preferred does not matter where the whole name must match.
    if (this.#bounds() !== null) this.#fail('a repetition is repeated')
    const [min, max] = bounds
    return { kind: 'repeat', node: atom, min, max }
  }

  #bounds(): [min: number, max: number] | null {
    if (this.#take('*')) return [0, Infinity]
    if (this.#take('+')) return [1, Infinity]
    if (this.#take('?')) return [0, 1]
    const found = /^\{(\d{1,5})(,(\d{1,5})?)?\}/.exec(this.#pattern.slice(this.#at, this.#at + 15))
    if (found === null) return null
    this.#at += found[0].length
    const min = Number(found[1])
    const max = found[2] === undefined ? min : found[3] === undefined ? Infinity : Number(found[3])
    const largest = max === Infinity ? min : max
    if (largest > MAX_REPEAT || max < min) this.#fail('a repetition has bad bounds')
    return [min, max]
  }

  /** @returns null where there is nothing to match: flags, empty quotes */
  #atom(): Node | null {
    const char = this.#next()
    switch (char) {
      case '.':
        return { kind: 'set', set: negated(setOf('\n')) }
      case '^':
        return { kind: 'begin' }
      case '$':
        return { kind: 'end' }
      case '[':
        return { kind: 'set', set: this.#class() }
      case '(':
        return this.#group()
      case '\\':
        return this.#escape()
      case '*':
      case '+':
      case '?':
        return this.#fail('there is nothing to repeat')
      default:
        return this.#literal(char)
    }
  }

  #group(): Node | null {
    if (this.#take('?')) {
      const found = /^(?:P?<\w+>|[imsU]*(?:-[imsU]+)?[:)])/.exec(this.#pattern.slice(this.#at))
      if (found === null) return this.#fail('this kind of group is not supported')
      this.#at += found[0].length
      if (!found[0].endsWith('>')) {
        const [on, off] = found[0].slice(0, -1).split('-')
        const before = this.#ignoreCase
        if (on?.includes('i')) this.#ignoreCase = true
        if (off?.includes('i')) this.#ignoreCase = false
        if (found[0].endsWith(')')) return null
        const node = this.#closed()
        this.#ignoreCase = before
        return node
      }
    }
    return this.#closed()
  }

  #closed(): Node {
    const node = this.#alternation()
    if (!this.#take(')')) this.#fail('a parenthesis is not closed')
    return node
  }

  #escape(): Node | null {
    const char = this.#next()
    if (char === 'A') return { kind: 'begin' }
    if (char === 'z') return { kind: 'end' }
    if (char === 'Q') return this.#quoted()
    const set = classOf(char)
    return set === null ? this.#literal(this.#escaped(char)) : { kind: 'set', set }
  }

  #quoted(): Node {
    const end = this.#pattern.indexOf('\\E', this.#at)
    const text = this.#pattern.slice(this.#at, end === -1 ? undefined : end)
    this.#at = end === -1 ? this.#pattern.length : end + 2
    return { kind: 'all', nodes: [...text].map((char) => this.#literal(char)) }
  }

  #escaped(char: string): string {
    const known = ESCAPED_CHARS[char]
    if (known !== undefined) return known
    if (/[0-9A-Za-z]/.test(char)) return this.#fail(`\\${char} is not supported`)
    return char
  }

  #class(): CharSet {
    const isNegated = this.#take('^')
    const set = new Uint8Array(ASCII)
    for (let isFirst = true; isFirst || this.#peek() !== ']'; isFirst = false) {
      const char = this.#next()
      const named = char === '[' ? this.#namedClass() : null
      const escaped = char === '\\' ? classOf(this.#peek()) : null
      if (escaped !== null) this.#at += 1
      const other = named ?? escaped
      if (other !== null) merge(set, other)
      else this.#range(set, char === '\\' ? this.#escaped(this.#next()) : char)
    }
    this.#at += 1
    const folded = this.#ignoreCase ? foldCase(set) : set
    return isNegated ? negated(folded) : folded
  }

  #range(set: CharSet, first: string): void {
    let last = first
    if (this.#peek() === '-' && (this.#pattern[this.#at + 1] ?? ']') !== ']') {
      this.#at += 1
      const char = this.#next()
      last = char === '\\' ? this.#escaped(this.#next()) : char
      if (last < first) this.#fail('a range runs backwards')
    }
    const end = Math.min(last.charCodeAt(0), ASCII - 1)
    for (let code = first.charCodeAt(0); code <= end; code++) set[code] = 1
  }

  #namedClass(): CharSet | null {
    const found = /^:(\^?)([a-z]+):\]/.exec(this.#pattern.slice(this.#at, this.#at + 12))
    if (found === null) return null
    const ranges = Object.hasOwn(CLASSES, found[2]!) ? CLASSES[found[2]!] : undefined
    if (ranges === undefined) return this.#fail(`there is no class ${found[2]}`)
    this.#at += found[0].length
    return found[1] === '^' ? negated(setOf(ranges)) : setOf(ranges)
  }

  #literal(char: string): Node {
    const set = new Uint8Array(ASCII)
    const code = char.charCodeAt(0)
    // Characters outside of ASCII are in no topic name: their set is empty.
    if (code < ASCII) set[code] = 1
    return { kind: 'set', set: this.#ignoreCase ? foldCase(set) : set }
  }

  #peek(): string {
    return this.#pattern[this.#at] ?? ''
  }

  #next(): string {
    if (this.#at >= this.#pattern.length) this.#fail('it ends too early')
    return this.#pattern[this.#at++]!
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false
    this.#at += 1
    return true
  }

  #fail(reason: string): never {
    const message = `The regular expression is not valid: ${reason}`
    throw new BrokerError('INVALID_REGULAR_EXPRESSION', { message, at: this.#at })
  }
}

function classOf(char: string): CharSet | null {
  const name = ESCAPED_CLASSES[char.toLowerCase()]
  if (name === undefined || char.length !== 1) return null
  const set = setOf(CLASSES[name]!)
  return char === char.toLowerCase() ? set : negated(set)
}

/** @param ranges pairs around a dash, and single characters */
function setOf(ranges: string): CharSet {
  const set = new Uint8Array(ASCII)
  for (let at = 0; at < ranges.length; at++) {
    const isRange = ranges[at + 1] === '-' && at + 2 < ranges.length
    const last = isRange ? ranges.charCodeAt(at + 2) : ranges.charCodeAt(at)
    for (let code = ranges.charCodeAt(at); code <= last; code++) set[code] = 1
    if (isRange) at += 2
  }
  return set
}

function negated(set: CharSet): CharSet {
  return set.map((has) => 1 - has)
}

function merge(into: CharSet, from: CharSet): void {
  for (let code = 0; code < ASCII; code++) into[code]! |= from[code]!
}

function foldCase(set: CharSet): CharSet {
  const folded = Uint8Array.from(set)
  for (let code = 0; code < ASCII; code++) {
    if (set[code] === 0) continue
    const char = String.fromCharCode(code)
    folded[char.toLowerCase().charCodeAt(0)] = 1
    folded[char.toUpperCase().charCodeAt(0)] = 1
  }
  return folded
}
