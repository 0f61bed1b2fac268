// How a command ends that can't do what it was asked: one sentence, and an exit code.

import { CommanderError } from 'commander'
import { SluiceError } from '../client/index.ts'
import { tell } from './terminal.ts'

/** A mistake in how a command was called. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/**
 * Tells what went wrong, and what to do where that is known.
 *
 * @returns the exit code: 2 for a wrong call, 1 for everything else
 */
export function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode
  if (error instanceof UsageError) {
    tell(`sluice: ${error.message}`)
    return 2
  }
  if (error instanceof SluiceError) {
    tell(`sluice: ${error.message}`)
    const remedy = REMEDIES.get(error.code)
    if (remedy !== undefined) tell(`        ${remedy}`)
    return 1
  }
  const { code, path } = error as NodeJS.ErrnoException
  const where = path === undefined ? '' : ` (${path})`
  tell(`sluice: ${error instanceof Error ? error.message : String(error)}${where}`)
  // A stack helps with a bug, and not with what the system refused.
  if (code === undefined && error instanceof Error && error.stack !== undefined) tell(error.stack)
  return 1
}

const REMEDIES = new Map<string, string>([
  ['UNKNOWN_TOPIC_OR_PARTITION', 'sluice topic list shows the topics there are'],
  ['TOPIC_ALREADY_EXISTS', 'sluice topic describe shows it; --if-not-exists makes this no error'],
  ['NETWORK_EXCEPTION', 'is a broker running there? sluice start runs one; --bootstrap says where'],
  [
    'BROKER_NOT_AVAILABLE',
    'is a broker running there? sluice start runs one; --bootstrap says where',
  ],
])
