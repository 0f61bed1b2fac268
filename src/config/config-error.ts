// What is wrong with a configuration: all of it at once.

/** One thing that is wrong. */
export interface ConfigProblem {
  /** The option's name, as it was given. */
  readonly name: string
  /** The value as it was given; null when the name is what is wrong, or the value is a secret. */
  readonly value: string | null
  /** Where it was given: `--grpc`, `SLUICE_DATA_DIR`, `sluice.yaml`. Null in a request. */
  readonly origin: string | null
  /** A sentence: what is wrong, and what is allowed. */
  readonly text: string
}

/** Stops the start of a broker. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly ConfigProblem[]

  /** @param problems 1 or more */
  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(problemText).join('\n'))
    this.problems = problems
  }
}

/** One line for people: `retention.ms = soon (sluice.yaml): not a value of it; allowed is …`. */
export function problemText({ name, value, origin, text }: ConfigProblem): string {
  const given = value === null ? name : `${name} = ${printable(value)}`
  return `${given}${origin === null ? '' : ` (${origin})`}: ${text}`
}

/** Text that may stand in a line of a log: no control characters, not too long. */
function printable(value: string): string {
  const short = value.length > 200 ? `${value.slice(0, 200)}…` : value
  return /^[\x21-\x7e]+$/.test(short) ? short : JSON.stringify(short)
}
