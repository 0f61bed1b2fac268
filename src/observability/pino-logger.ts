// The structured log, by pino: one line of JSON each, or text with colours for people at a terminal.

import { createRequire } from 'node:module'
import { isatty } from 'node:tty'
import { destination, type DestinationStream, pino, stdSerializers, stdTimeFunctions } from 'pino'
import type Pretty from 'pino-pretty'
import type { Logger } from './logger.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LoggerOptions {
  /** Least weight of what is written. Default info. */
  readonly level?: LogLevel
  /** `text` for people, `json` for machines. Default: text when the file is a terminal. */
  readonly format?: 'text' | 'json'
  /** File descriptor. Default 2, the standard error: what commands print stays alone on 1. */
  readonly fd?: number
  /** In place of a file descriptor: for tests. */
  readonly stream?: DestinationStream
}

/** Facts whose values are never written, wherever they stand. */
const REDACTED = ['password', 'secret', 'token', 'authorization', 'privateKey', 'credentials']

/**
 * Opens the log. Lines are written at once and in order (no thread, no buffer): what was logged
 * before a crash is there.
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { level = 'info', fd = 2 } = options
  const format = options.format ?? (isatty(fd) ? 'text' : 'json')
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: stdSerializers.errWithCause },
      redact: { paths: REDACTED.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    outputOf(format, fd, options.stream),
  )
}

function outputOf(
  format: 'text' | 'json',
  fd: number,
  stream: DestinationStream | undefined,
): DestinationStream {
  if (format === 'text') {
    const to = stream ?? destination({ fd, sync: true })
    const colorize = stream === undefined && isatty(fd)
    // Loaded only where somebody looks: a broker among machines does without.
    const pretty = createRequire(import.meta.url)('pino-pretty') as typeof Pretty
    return pretty({ destination: to, sync: true, colorize, singleLine: true })
  }
  return stream ?? destination({ fd, sync: true })
}
