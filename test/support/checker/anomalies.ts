// What can be wrong with a history, each by a name, and a list of what was found.

/**
 * The anomalies of logs and transactions: the taxonomy of Jepsen's tests of Kafka and its kin, and
 * those of a copy. Two of that taxonomy are missing because Kafka's model has them: transactions that
 * write between each other's records (G0, int-send-skip).
 */
export const ANOMALIES = {
  'lost-write': 'it was acknowledged, committed or read, and the log does not have it',
  unseen: 'the log has it for readers, and a reader of all did not get it',
  phantom: 'it is in the log or was read, and nobody sent it, or it was refused for good',
  'aborted-read': 'it is of a transaction that was not committed, and is shown as committed (G1a)',
  duplicate: 'the log has it twice',
  'inconsistent-offset': 'one offset had two values',
  misplaced: 'it is in another partition than it was sent to',
  damaged: 'its bytes are not those that were sent',
  'nonmonotonic-poll': 'a reader went back',
  'int-nonmonotonic-poll': 'a reader went back within a transaction',
  'poll-skip': 'a reader passed over a record that it should have seen',
  'int-poll-skip': 'a reader passed over a record within a transaction',
  'nonmonotonic-send': 'the log has the records of a client in another order than it sent them',
  'int-nonmonotonic-send': 'the same, within a transaction',
  'torn-transaction': 'a part of a transaction is shown, another part is not',
  'read-above-stable': 'an answer had committed records at or above its last stable offset',
  'undecided-below-stable': 'the last stable offset was above a transaction that was not decided',
  'stable-back': 'the last stable offset went back, or was above the high watermark',
  'hanging-transaction': 'nothing decided it, to the end',
  'circular-flow': 'transactions read from each other (G1c)',
  'aborted-offset': 'a committed offset was of a transaction that was not committed, or of none',
  'lost-offset': 'the offset of a committed transaction was not there in the end',
  'offset-back': 'a committed offset went back',
  'copy-lost': 'a record of the input has no copy',
  'copy-twice': 'a record of the input has two copies',
  'copy-of-nothing': 'a copy is of a record that the input does not have',
  'copy-reorder': 'copies are in another order than what they copy',
} as const

export type Anomaly = keyof typeof ANOMALIES

/** Examples that are kept of each. */
const MAX_EXAMPLES = 5

export interface Finding {
  readonly anomaly: Anomaly
  readonly count: number
  readonly examples: readonly string[]
}

export class Findings {
  readonly #found = new Map<Anomaly, { count: number; examples: string[] }>()

  add(anomaly: Anomaly, example: string): void {
    let found = this.#found.get(anomaly)
    if (found === undefined) this.#found.set(anomaly, (found = { count: 0, examples: [] }))
    found.count += 1
    if (found.examples.length < MAX_EXAMPLES) found.examples.push(example)
  }

  /** All of them, in the order of the table. Empty when nothing is wrong. */
  list(): Finding[] {
    const names = Object.keys(ANOMALIES) as Anomaly[]
    return names.flatMap((anomaly) => {
      const found = this.#found.get(anomaly)
      return found === undefined ? [] : [{ anomaly, ...found }]
    })
  }
}
