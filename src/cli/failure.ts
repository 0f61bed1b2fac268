// How a command ends that can't do what it was asked: one sentence, what to do about it, and an exit
// code.
//
//   0   done
//   1   not done: the broker refused, nobody answered, a file can't be read
//   2   the command was called wrongly

import { getSystemErrorMap } from 'node:util'
import { CommanderError } from 'commander'
import { SluiceError } from '../client/errors.ts'
import { tell } from './terminal.ts'

/** A mistake in how a command was called. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What a command can't do, in a sentence that names what is in the way. Exit code 1. */
export class Failure extends Error {
  override readonly name = 'Failure'
}

/**
 * Tells what went wrong, and what to do where that is known.
 *
 * @returns the exit code
 */
export function report(error: unknown): number {
  // It has told already; help and version end in one, too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof UsageError || error instanceof Failure) {
    tell(`sluice: ${error.message}`)
    return error instanceof UsageError ? 2 : 1
  }
  if (error instanceof SluiceError) return reportRefusal(error)
  const reason = systemReason(error)
  if (reason !== null) {
    const { path } = error as NodeJS.ErrnoException
    tell(`sluice: ${path === undefined ? '' : `${path}: `}${reason}`)
    return 1
  }
  // A bug, so where it is matters.
  tell(`sluice: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  return 1
}

function reportRefusal(error: SluiceError): number {
  if (error.code === 'INVALID_OPTION') {
    tell(`sluice: ${optionAsFlag(error)}`)
    return 2
  }
  tell(`sluice: ${error.code}: ${sentenceOf(error)}`)
  const remedy = remedyOf(error)
  if (remedy !== null) tell(`        ${remedy}`)
  return 1
}

/** The message of an error, with the facts that it does not tell itself in parentheses. */
export function sentenceOf(error: SluiceError): string {
  const facts = Object.entries(error.facts)
  const behind = facts.map(([name, value]) => ` ${name}=${value}`).join('')
  const end = error.message.endsWith(behind) ? -behind.length : 0
  const sentence = error.message.slice(`${error.code}: `.length, end || undefined)
  if (error.code === 'NETWORK_EXCEPTION') return connectionSentence(sentence)
  const untold = facts.filter(([, value]) => !sentence.includes(String(value)))
  if (untold.length === 0) return sentence
  return `${sentence} (${untold.map(([name, value]) => `${name}=${value}`).join(', ')})`
}

/** What grpc-js tells around the reason helps nobody. */
function connectionSentence(sentence: string): string {
  const reason = /Last error: (?:Error: )?(.*?)\.? Resolution note/.exec(sentence)?.[1]
  return reason === undefined ? sentence : `No broker answers: ${reason}`
}

/** Options of the client, by the flags that set them. */
const FLAG_OF_OPTION = new Map([
  ['bootstrap', '--bootstrap'],
  ['batchBytes', '--batch-bytes'],
  ['lingerMs', '--linger'],
  ['groupId', '--group'],
  ['groupInstanceId', '--instance-id'],
])

function optionAsFlag(error: SluiceError): string {
  const option = String(error.facts['option'])
  return sentenceOf(error).replaceAll(option, FLAG_OF_OPTION.get(option) ?? option)
}

function remedyOf({ code, facts }: SluiceError): string | null {
  switch (code) {
    case 'UNKNOWN_TOPIC_OR_PARTITION': {
      const { topic, partition } = facts
      if (partition !== undefined) return `sluice topic describe ${topic} shows its partitions`
      return 'sluice topic list shows the topics there are'
    }
    case 'GROUP_ID_NOT_FOUND':
      return 'sluice group list shows the groups there are'
    case 'NON_EMPTY_GROUP':
      return `sluice group describe ${facts['groupId'] ?? 'GROUP'} shows its members`
    case 'GROUP_SUBSCRIBED_TO_TOPIC':
      return 'sluice group describe GROUP shows who reads it; offsets go when nobody does'
    case 'INVALID_REGULAR_EXPRESSION':
      return '--pattern takes the syntax of RE2, over whole names: clicks-.*'
    case 'TOPIC_ALREADY_EXISTS':
      return `sluice topic describe ${facts['topic']} shows it; --if-not-exists makes this no error`
    case 'NETWORK_EXCEPTION':
    case 'BROKER_NOT_AVAILABLE':
      return 'is a broker there? sluice start runs one; --bootstrap says where it listens'
    case 'MESSAGE_TOO_LARGE':
      return 'sluice topic alter NAME -c max.message.bytes=8MiB lets a topic take more'
    case 'INVALID_CONFIG':
      return 'sluice topic describe NAME --configs shows every option, and what it takes'
    default:
      return null
  }
}

/**
 * What the operating system refused, in its words: "no such file or directory".
 *
 * @returns null when the error is none of the system's
 */
export function systemReason(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  const { code } = error as NodeJS.ErrnoException
  // Errors of libraries name the code in their text alone.
  const name = code ?? /\bE[A-Z]{3,}\b/.exec(error.message)?.[0]
  for (const [known, text] of getSystemErrorMap().values()) if (known === name) return text
  return null
}
