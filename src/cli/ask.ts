// What commands that change things have in common: a question before, and mistakes that are none.

import { createInterface } from 'node:readline/promises'
import { SluiceError } from '../client/errors.ts'
import { Failure, UsageError } from './failure.ts'
import { isTerminal, tell } from './terminal.ts'

/** What is asked for: nothing is done without an answer. */
export interface Deed {
  readonly does: string
  readonly done: string
}

const DELETES: Deed = { does: 'deletes', done: 'deleted' }

/** @throws UsageError when there is nobody to ask; Failure when the answer is no */
export async function confirm(question: string, { does, done }: Deed = DELETES): Promise<void> {
  if (!isTerminal('stderr') || !isTerminal('stdin')) {
    throw new UsageError(
      `not ${done}: there is no terminal to ask on; --yes ${does} without asking`,
    )
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    // Ctrl-D and Ctrl-C close it without an answer.
    const closed = new Promise<null>((resolve) => terminal.once('close', () => resolve(null)))
    const answer = await Promise.race([terminal.question(`${question} [y/N] `), closed])
    if (answer === null) tell('')
    if (answer === null || !/^y(es)?$/i.test(answer)) throw new Failure(`not ${done}`)
  } finally {
    terminal.close()
  }
}

/** @returns null when `tolerated` and it failed with `code` */
export async function unless<T>(
  tolerated: true | undefined,
  code: string,
  action: () => Promise<T>,
): Promise<T | null> {
  try {
    return await action()
  } catch (error) {
    if (tolerated && error instanceof SluiceError && error.code === code) return null
    throw error
  }
}

/** "1 partition", "2 partitions". */
export function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`
}
