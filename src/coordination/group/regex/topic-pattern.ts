// Matches topic names against a regular expression in linear time, whatever the expression.
//
// The parsed pattern becomes a nondeterministic automaton (Thompson); names are run through the
// deterministic one that belongs to it, whose states are made when they are first met. Nothing
// backtracks, so no pattern is exponential. Three bounds hold the rest: the states of the first
// automaton, those of the second that are kept, and the work that making them may cost.
// Source: Ken Thompson, "Regular Expression Search Algorithm"; Russ Cox, https://swtch.com/~rsc/regexp

import { BrokerError } from '../../../base/errors.ts'
import { parsePattern } from './syntax.ts'
import type { CharSet, Node } from './syntax.ts'

/** Most states of the nondeterministic automaton: what is repeated counts each time. */
const MAX_INSTRUCTIONS = 2_000
/** Most states of the deterministic one that are kept. Then it starts anew. */
const MAX_STATES = 500
/** Most visits of instructions over the life of a matcher: some tens of milliseconds. */
const MAX_VISITS = 600_000

const ASCII = 128
const UNKNOWN = -2
const DEAD = -1

type Instruction =
  | { readonly kind: 'set'; readonly set: CharSet; next: number }
  | { readonly kind: 'split'; next: number; other: number }
  | { readonly kind: 'begin' | 'end'; next: number }
  | { readonly kind: 'match' }

interface State {
  /** Instructions that wait for a character, or for the end. */
  readonly waiting: readonly number[]
  readonly isMatch: boolean
  /** Index of the next state by character. */
  readonly next: Int32Array
}

export interface TopicPattern {
  /**
   * True when the whole name matches.
   *
   * @throws BrokerError INVALID_REGULAR_EXPRESSION when the pattern has cost too much by now
   */
  matches(name: string): boolean
}

/** @throws BrokerError INVALID_REGULAR_EXPRESSION when it is not one, or is too large */
export function compilePattern(pattern: string): TopicPattern {
  const program = new Compiler()
  const start = program.compile(parsePattern(pattern), program.add({ kind: 'match' }))
  return new Automaton(program.instructions, start)
}

class Compiler {
  readonly instructions: Instruction[] = []

  add(instruction: Instruction): number {
    if (this.instructions.length >= MAX_INSTRUCTIONS) {
      const message = 'The regular expression is too large once its repetitions are written out'
      throw new BrokerError('INVALID_REGULAR_EXPRESSION', { message })
    }
    return this.instructions.push(instruction) - 1
  }

  /** Compiles backwards. @param next where to go on after the node @returns where the node starts */
  compile(node: Node, next: number): number {
    switch (node.kind) {
      case 'set':
        return this.add({ kind: 'set', set: node.set, next })
      case 'begin':
      case 'end':
        return this.add({ kind: node.kind, next })
      case 'all':
        return node.nodes.reduceRight((after, child) => this.compile(child, after), next)
      case 'any':
        return node.nodes
          .map((child) => this.compile(child, next))
          .reduceRight((other, first) => this.add({ kind: 'split', next: first, other }))
      case 'repeat':
        return this.#repeat(node.node, node.min, node.max, next)
    }
  }

  #repeat(node: Node, min: number, max: number, next: number): number {
    let start = next
    if (max === Infinity) {
      const loop: Instruction = { kind: 'split', next: -1, other: next }
      start = this.add(loop)
      loop.next = this.compile(node, start)
    } else {
      for (let count = min; count < max; count++) {
        start = this.add({ kind: 'split', next: this.compile(node, start), other: next })
      }
    }
    for (let count = 0; count < min; count++) start = this.compile(node, start)
    return start
  }
}

class Automaton implements TopicPattern {
  readonly #instructions: readonly Instruction[]
  readonly #start: number
  readonly #marks: Uint32Array
  #mark = 0
  #visits = 0
  #states: State[] = []
  #indexes = new Map<string, number>()

  constructor(instructions: readonly Instruction[], start: number) {
    this.#instructions = instructions
    this.#start = start
    this.#marks = new Uint32Array(instructions.length)
  }

  matches(name: string): boolean {
    let state = this.#first()
    for (let at = 0; at < name.length; at++) {
      const code = name.charCodeAt(at)
      if (code >= ASCII) return false
      let next = state.next[code]!
      if (next === UNKNOWN) next = this.#step(state, code)
      if (next === DEAD) return false
      state = this.#states[next]!
    }
    return state.isMatch
  }

  /** The state before any character is always the one at index 0. */
  #first(): State {
    if (this.#states.length === 0) this.#intern(this.#closure([this.#start], 'begin'))
    return this.#states[0]!
  }

  /** Finds, or makes, the state after one more character. */
  #step(state: State, code: number): number {
    const targets: number[] = []
    for (const at of state.waiting) {
      const instruction = this.#instructions[at]!
      if (instruction.kind === 'set' && instruction.set[code] === 1) targets.push(instruction.next)
    }
    this.#spend(state.waiting.length)
    const waiting = this.#closure(targets, 'middle')
    if (waiting.length === 0) return (state.next[code] = DEAD)
    if (this.#states.length >= MAX_STATES) {
      this.#states = []
      this.#indexes = new Map()
      this.#first()
      return this.#intern(waiting)
    }
    return (state.next[code] = this.#intern(waiting))
  }

  #intern(waiting: readonly number[]): number {
    // At the start '^' is behind us, so equal lists are equal states there as well.
    const key = waiting.join()
    const known = this.#indexes.get(key)
    if (known !== undefined) return known
    const atEnd = this.#closure(waiting, 'end')
    const isMatch = atEnd.some((at) => this.#instructions[at]!.kind === 'match')
    const next = new Int32Array(ASCII).fill(UNKNOWN)
    const index = this.#states.push({ waiting, isMatch, next }) - 1
    this.#indexes.set(key, index)
    return index
  }

  /** All instructions that are reached without a character, in rising order. An empty name is at its
   *  begin and its end at once: '^' behind '$' does not match it here. */
  #closure(from: readonly number[], where: 'begin' | 'middle' | 'end'): number[] {
    this.#mark += 1
    const reached: number[] = []
    const stack = [...from]
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      if (this.#marks[at] === this.#mark) continue
      this.#marks[at] = this.#mark
      this.#spend(1)
      const instruction = this.#instructions[at]!
      if (instruction.kind === 'split') stack.push(instruction.next, instruction.other)
      else if (instruction.kind === 'begin') {
        if (where === 'begin') stack.push(instruction.next)
      } else if (instruction.kind === 'end' && where === 'end') stack.push(instruction.next)
      else reached.push(at)
    }
    return reached.sort((a, b) => a - b)
  }

  #spend(visits: number): void {
    this.#visits += visits
    if (this.#visits <= MAX_VISITS) return
    const message = 'The regular expression is too costly for the topics that there are'
    throw new BrokerError('INVALID_REGULAR_EXPRESSION', { message })
  }
}
