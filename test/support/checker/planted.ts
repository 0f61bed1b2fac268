// Breaks one thing in a history that was clean: for each anomaly the ways in which it may come about.

import type { SeededRandom } from '../seeded-random.ts'
import type { Anomaly } from './anomalies.ts'
import { INPUT, OUTPUT, type MadeHistory } from './clean-history.ts'
import { KINDS, LOGGED, operation, READ, type KindName, type Operation } from './operation.ts'

/** @returns the history with the fault, or null where it has no place for it */
type Plant = (history: Surgery) => readonly Operation[] | null

/** A number that no client gave. */
const UNKNOWN = 4_000_000

/** Finds operations of a history, and gives histories in which some are changed. */
export class Surgery {
  readonly random: SeededRandom
  readonly operations: readonly Operation[]
  readonly #rules: MadeHistory['rules']

  constructor({ operations, rules }: MadeHistory, random: SeededRandom) {
    this.operations = operations
    this.#rules = rules
    this.random = random
  }

  get reader(): number {
    return this.#rules.completeReaders[0]!.client
  }

  get observer(): number {
    return this.#rules.finalObserver!
  }

  of(kind: KindName): Operation[] {
    return this.operations.filter((each) => each.kind === KINDS[kind])
  }

  pick<T>(values: readonly T[]): T | null {
    return values.length === 0 ? null : this.random.pick(values)
  }

  with(changes: ReadonlyMap<Operation, Partial<Operation>>): Operation[] {
    return this.operations.map((each) => ({ ...each, ...changes.get(each) }))
  }

  changed(each: Operation | null, change: Partial<Operation>): Operation[] | null {
    return each === null ? null : this.with(new Map([[each, change]]))
  }

  without(isGone: (each: Operation) => boolean): Operation[] {
    return this.operations.filter((each) => !isGone(each))
  }

  plus(...more: readonly Operation[]): Operation[] {
    return [...this.operations, ...more]
  }

  /** Gives each of two operations what the other has in these fields. */
  swapped(
    pair: readonly Operation[] | null,
    ...fields: readonly (keyof Operation)[]
  ): Operation[] | null {
    if (pair === null) return null
    const [one, other] = pair as [Operation, Operation]
    const taken = (from: Operation) => Object.fromEntries(fields.map((name) => [name, from[name]]))
    return this.with(
      new Map([
        [one, taken(other)],
        [other, taken(one)],
      ]),
    )
  }

  /** Logged records that readers see, and those that they don't. */
  logged(bit: number, topic?: number): Operation[] {
    return this.of('logged').filter((each) => {
      return (each.detail & bit) !== 0 && (topic === undefined || each.topic === topic)
    })
  }

  /** The offset after the last of a partition. */
  end({ topic, partition }: Operation): number {
    const here = this.of('logged').filter((each) => {
      return each.topic === topic && each.partition === partition
    })
    return 1_000 + Math.max(...here.map(({ offset }) => offset))
  }

  /** Neighbours of a kind in what a client did in a partition. */
  neighbours(kind: KindName, count: number): Operation[][] {
    const lanes = Map.groupBy(this.operations, ({ client, topic, partition }) => {
      return `${client} ${topic} ${partition}`
    })
    const found: Operation[][] = []
    for (const lane of lanes.values()) {
      const inOrder = lane
        .filter((each) => each.kind === KINDS[kind] || each.kind === KINDS.position)
        .toSorted((a, b) => a.step - b.step)
      for (let at = 0; at + count <= inOrder.length; at++) {
        const some = inOrder.slice(at, at + count)
        if (some.every((each) => each.kind === KINDS[kind])) found.push(some)
      }
    }
    return found
  }

  /** Whether its client knows that its transaction ended so. */
  isKnown(outcome: 'committed' | 'aborted', { client, transaction }: Operation): boolean {
    return this.of(outcome).some((each) => {
      return each.client === client && each.transaction === transaction
    })
  }

  /** Sends whose clients know how their transactions ended, by value. */
  sends(outcome: 'committed' | 'aborted'): Map<string, Operation> {
    const known = this.of('send').filter((each) => this.isKnown(outcome, each))
    return new Map(known.map((each) => [valueOf(each), each]))
  }
}

export function valueOf({ sender, number }: Operation): string {
  return `${sender}:${number}`
}

function samePlace(one: Operation, other: Operation): boolean {
  const { topic, partition, offset } = one
  return other.topic === topic && other.partition === partition && other.offset === offset
}

function isInternal(pair: readonly Operation[]): boolean {
  const { client, transaction } = pair[0]!
  if (transaction === 0) return false
  return pair.every((each) => each.client === client && each.transaction === transaction)
}

export const PLANTS: Readonly<Record<Anomaly, readonly Plant[]>> = {
  'lost-write': [
    (history) => {
      const sends = history.sends('committed')
      const logged = history.logged(LOGGED.visible).filter((each) => sends.has(valueOf(each)))
      const lost = history.pick(logged)
      if (lost === null) return null
      return history.without((each) => {
        return each === lost || (each.kind === KINDS.read && samePlace(each, lost))
      })
    },
  ],
  unseen: [
    (history) => {
      const last = history.pick(
        history.of('read').filter(({ client }) => client === history.reader),
      )
      if (last === null) return null
      return history.without((each) => {
        const isLater = each.client === last.client && each.step >= last.step
        return isLater && each.kind === KINDS.read && each.partition === last.partition
      })
    },
  ],
  phantom: [
    (history) => {
      const [like] = history.logged(LOGGED.visible)
      if (like === undefined) return null
      return history.plus({ ...like, number: UNKNOWN, offset: history.end(like) })
    },
    (history) => {
      const like = history.pick(history.of('logged'))
      return like === null ? null : history.plus(operation('refused', { ...like, offset: -1 }))
    },
  ],
  'aborted-read': [
    (history) => {
      const like = history.pick(history.logged(LOGGED.aborted))
      if (like === null) return null
      const read = { client: history.reader, step: UNKNOWN, detail: READ.committed }
      return history.plus(operation('read', { ...like, ...read, transaction: 0 }))
    },
    (history) => {
      const sends = history.sends('aborted')
      const logged = history.logged(LOGGED.aborted).filter((each) => sends.has(valueOf(each)))
      return history.changed(history.pick(logged), { detail: LOGGED.visible })
    },
  ],
  duplicate: [
    (history) => {
      const like = history.pick(history.of('logged'))
      return like === null ? null : history.plus({ ...like, offset: history.end(like) })
    },
  ],
  'inconsistent-offset': [
    (history) => history.changed(history.pick(history.of('read')), { number: UNKNOWN }),
    (history) => history.changed(history.pick(history.of('acked')), { number: UNKNOWN }),
  ],
  misplaced: [
    (history) => {
      const like = history.pick(history.of('logged'))
      return like === null ? null : history.changed(like, { partition: 7, offset: 0 })
    },
  ],
  damaged: [
    (history) => history.changed(history.pick(history.of('read')), { detail: READ.damaged }),
    (history) => {
      const like = history.pick(history.logged(LOGGED.visible))
      return history.changed(like, { detail: LOGGED.visible | READ.damaged })
    },
    (history) => {
      const like = history.pick(history.of('logged').filter(({ topic }) => topic === OUTPUT))
      return history.changed(like, { otherOffset: 1_000_000 })
    },
  ],
  'nonmonotonic-poll': [
    (history) => {
      const pairs = history.neighbours('read', 2).filter((pair) => !isInternal(pair))
      return history.swapped(history.pick(pairs), 'step')
    },
  ],
  'int-nonmonotonic-poll': [
    (history) => {
      const pairs = history.neighbours('read', 2).filter(isInternal)
      return history.swapped(history.pick(pairs), 'step')
    },
  ],
  'poll-skip': [
    (history) => {
      const threes = history.neighbours('read', 3).filter((three) => {
        return !isInternal([three[0]!, three[2]!])
      })
      const three = history.pick(threes)
      return three === null ? null : history.without((each) => each === three[1])
    },
  ],
  'int-poll-skip': [
    (history) => {
      const three = history.pick(history.neighbours('read', 3).filter(isInternal))
      return three === null ? null : history.without((each) => each === three[1])
    },
  ],
  'nonmonotonic-send': [
    (history) => {
      const pairs = history.neighbours('send', 2).filter((pair) => !isInternal(pair))
      return history.swapped(history.pick(pairs), 'step')
    },
  ],
  'int-nonmonotonic-send': [
    (history) => {
      const pairs = history.neighbours('send', 2).filter(isInternal)
      return history.swapped(history.pick(pairs), 'step')
    },
  ],
  'torn-transaction': [
    (history) => {
      const sends = [...history.sends('committed').values()]
      const torn = history.pick(
        sends.filter((each) => sends.some((other) => other !== each && isInternal([each, other]))),
      )
      const logged = history.logged(LOGGED.visible).find((each) => {
        return torn !== null && valueOf(each) === valueOf(torn)
      })
      return history.changed(logged ?? null, { detail: LOGGED.aborted })
    },
  ],
  'read-above-stable': [
    (history) => {
      const read = history.pick(
        history.of('read').filter(({ client }) => client === history.reader),
      )
      if (read === null) return null
      const { client, topic, partition, step, offset } = read
      const after = history.of('stable').find((each) => {
        const isOf = each.client === client && each.topic === topic && each.step > step
        return isOf && each.partition === partition
      })
      return history.changed(after ?? null, { offset })
    },
  ],
  'undecided-below-stable': [
    (history) => {
      const ended = history.pick(history.of('ended'))
      if (ended === null) return null
      const { topic, partition, offset, otherOffset } = ended
      // Any high watermark from where the transaction has begun to its marker, which is not below it.
      const highWatermark = history.random.between(otherOffset + 1, offset)
      const stable = history.random.between(otherOffset + 1, highWatermark)
      const told = { topic, partition, offset: stable, otherOffset: highWatermark }
      return history.plus(operation('stable', { ...told, client: UNKNOWN, step: 1 }))
    },
  ],
  'stable-back': [
    (history) => {
      const [first, second] = history.pick(history.neighbours('stable', 2)) ?? []
      if (first === undefined || first.offset === 0) return null
      return history.changed(second!, { offset: first.offset - 1 })
    },
    (history) => {
      const told = history.pick(history.of('stable'))
      return told === null ? null : history.changed(told, { offset: told.otherOffset + 1 })
    },
  ],
  'hanging-transaction': [
    (history) => history.changed(history.pick(history.of('ended')), { offset: -1 }),
  ],
  'circular-flow': [
    (history) => {
      const sends = history.sends('committed')
      const read = history.pick(
        history.of('read').filter((each) => {
          return (
            each.transaction !== 0 && sends.has(valueOf(each)) && history.isKnown('committed', each)
          )
        }),
      )
      if (read === null) return null
      const writer = sends.get(valueOf(read))!
      const back = [...sends.values()].find((each) => {
        return each.client === read.client && each.transaction === read.transaction
      })!
      const logged = history.of('logged').find((each) => valueOf(each) === valueOf(back))!
      const { client, transaction } = writer
      const by = { client, transaction, step: UNKNOWN, detail: READ.committed }
      return history.plus(operation('read', { ...logged, ...by }))
    },
  ],
  'aborted-offset': [
    (history) => {
      const aborted = history.of('moving').filter((each) => history.isKnown('aborted', each))
      const moving = history.pick(aborted)
      if (moving === null) return null
      const { client: sender, transaction: number } = moving
      const told = { ...moving, sender, number, client: UNKNOWN, transaction: 0 }
      return history.plus(operation('moved', told))
    },
    (history) => {
      const told = history.pick(history.of('moved').filter(({ offset }) => offset >= 0))
      return told === null ? null : history.changed(told, { offset: told.offset + 1 })
    },
  ],
  'lost-offset': [
    (history) => {
      const committed = history.of('moving').filter((each) => history.isKnown('committed', each))
      const moving = history.pick(committed)
      if (moving === null) return null
      const { partition } = moving
      return history.without((each) => {
        const isAsHigh = each.kind === KINDS.moved && each.offset >= moving.offset
        return isAsHigh && each.partition === partition
      })
    },
  ],
  'offset-back': [
    (history) => {
      const pairs = history.neighbours('moved', 2).filter(([one, other]) => {
        return one!.offset < other!.offset
      })
      return history.swapped(history.pick(pairs), 'step')
    },
  ],
  'copy-lost': [
    (history) => {
      const lost = history.pick(history.logged(LOGGED.visible, OUTPUT))
      return lost === null ? null : history.without((each) => each === lost)
    },
  ],
  'copy-twice': [
    (history) => {
      const like = history.pick(history.logged(LOGGED.visible, OUTPUT))
      if (like === null) return null
      return history.plus({ ...like, number: UNKNOWN, offset: history.end(like) })
    },
  ],
  'copy-of-nothing': [
    (history) => {
      const like = history.pick(history.logged(LOGGED.visible, OUTPUT))
      const from = history.pick(history.logged(LOGGED.aborted, INPUT))
      if (like === null || from === null) return null
      const origin = { otherPartition: from.partition, otherOffset: from.offset }
      return history.changed(like, origin)
    },
  ],
  'copy-reorder': [
    (history) => {
      const visible = history.logged(LOGGED.visible, OUTPUT)
      const lanes = [
        ...Map.groupBy(visible, (each) => `${each.partition} ${each.otherPartition}`).values(),
      ]
      const lane = history.pick(lanes.filter(({ length }) => length > 1))
      return history.swapped(lane?.slice(0, 2) ?? null, 'otherOffset')
    },
  ],
}
