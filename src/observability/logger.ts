// The structured log, as every part of the broker sees it.

type Facts = Readonly<Record<string, unknown>>

/**
 * Writes lines of facts and one sentence. Facts hold no record content and no secret. An error goes
 * in as the fact `err`, which keeps its stack and cause.
 */
export interface Logger {
  debug(facts: Facts, text: string): void
  info(facts: Facts, text: string): void
  warn(facts: Facts, text: string): void
  error(facts: Facts, text: string): void
  /** A logger that adds these facts to each line. */
  child(facts: Facts): Logger
}

/** A logger that drops everything: for tests, and for a broker inside a process that wants quiet. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
}
