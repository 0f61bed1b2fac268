// What the scenario needs in every client for Node: the records, the report, the waiting. The
// scenario itself stands in ../README.md.

import { isDeepStrictEqual } from 'node:util'

/** 2023-11-14T22:13:20Z: the time of record 0. Each record is a second after the one before. */
const START_MS = 1_700_000_000_000

/** Records that are produced with each codec. */
export const PER_CODEC = 20

/** Far more than anything takes: a machine may be busy. */
const DEADLINE_MS = 60_000

/** A record in a form that tells null, empty and text apart. */
export interface PlainRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, string>>
}

export function timestampOf(n: number): number {
  return START_MS + n * 1000
}

/** Record n: keys and values that are null, empty, and not ASCII; some have headers. */
export function record(n: number): PlainRecord {
  const key = n % 4 === 0 ? null : n % 4 === 1 ? '' : `key-${n}`
  const long = `value ${n} ключ漢🎉 `.repeat(1 + (n % 7))
  const value = n % 5 === 3 && key !== null ? null : n % 5 === 4 ? '' : long
  const headers: Record<string, string> = n % 3 === 0 ? { trace: `id-${n}`, empty: '' } : {}
  return { offset: n, timestamp: timestampOf(n), key, value, headers }
}

/** Records `[from, to)`. */
export function records(from: number, to: number): PlainRecord[] {
  return Array.from({ length: to - from }, (_, at) => record(from + at))
}

export function text(bytes: Uint8Array | null | undefined): string | null {
  return bytes === null || bytes === undefined ? null : Buffer.from(bytes).toString('utf8')
}

/** Does one step and prints how it ended, as a line of JSON. */
export async function step(name: string, action: () => Promise<string | void>): Promise<void> {
  const begun = performance.now()
  const tell = (result: string, detail: string): void => {
    const ms = Math.round(performance.now() - begun)
    process.stdout.write(`${JSON.stringify({ step: name, result, detail, ms })}\n`)
  }
  try {
    tell('passed', (await action()) ?? '')
  } catch (error) {
    tell('failed', error instanceof Error ? `${error.name}: ${error.message}` : String(error))
  }
}

export function same(what: string, found: unknown, expected: unknown): void {
  if (isDeepStrictEqual(found, expected)) return
  const [seen, wanted] = [found, expected].map((value) => shortened(JSON.stringify(value)))
  throw new Error(`${what}: found ${seen}, expected ${wanted}`)
}

/** Says first where two lists of records part. */
export function sameRecords(what: string, found: PlainRecord[], expected: PlainRecord[]): void {
  const at = expected.findIndex((wanted, index) => !isDeepStrictEqual(found[index], wanted))
  if (at >= 0) same(`${what}: record ${at} of ${found.length}`, found[at], expected[at])
  same(`${what}: how many`, found.length, expected.length)
}

/**
 * What a group has read, in any order: nothing lost, nothing that was not sent. A client that commits
 * by a timer may read again what it had not committed when its partition went to another member.
 *
 * @returns how many were read again
 */
export function sameValues(found: readonly string[], sent: readonly string[]): string {
  const distinct = [...new Set(found)].sort()
  same(
    'lost',
    sent.filter((value) => !distinct.includes(value)),
    [],
  )
  same(
    'never sent',
    distinct.filter((value) => !sent.includes(value)),
    [],
  )
  return found.length === sent.length ? '' : `${found.length - sent.length} read again`
}

export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  const end = Date.now() + deadlineMs
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error(`waited too long: ${what}`)
    await pause(50)
  }
}

export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs)
  })
}

/** The error of an action that has to be refused. */
export async function refusal(action: () => Promise<unknown>): Promise<Error> {
  try {
    await action()
  } catch (error) {
    return error as Error
  }
  throw new Error('it was not refused')
}

function shortened(json: string | undefined): string {
  if (json === undefined) return 'nothing'
  return json.length > 300 ? `${json.slice(0, 300)}…` : json
}
