// One load on one broker: how fast, and what it cost the broker.

import { cpuSeconds } from '../../broker/measure.ts'
import type { Contestant } from './contestants.ts'

/** What one load gave, of all its clients together. */
export interface Outcome {
  readonly recordsPerSecond: number
  readonly megabytesPerSecond: number
  /** Milliseconds; null where the client does not measure them. The mean over clients. */
  readonly latency: Latency | null
  /** Processor seconds of the broker for each 10^9 bytes of record values. */
  readonly cpuSecondsPerGigabyte: number
}

export interface Latency {
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

/** What clients say of themselves. */
export interface ClientFigures {
  /** Seconds from the first record to the last, without the start of the process. */
  readonly seconds: number
  readonly records: number
  readonly latency: Latency | null
}

/**
 * Runs clients side by side, and adds them up.
 *
 * @param recordBytes of a record's value
 */
export async function measure(
  contestant: Contestant,
  recordBytes: number,
  run: () => Promise<readonly ClientFigures[]>,
): Promise<Outcome> {
  const before = cpuSeconds(contestant.pid)
  const clients = await run()
  const cpu = cpuSeconds(contestant.pid) - before
  const sum = (figure: (client: ClientFigures) => number): number =>
    clients.reduce((total, client) => total + figure(client), 0)
  const records = sum((client) => client.records)
  const recordsPerSecond = sum((client) => client.records / client.seconds)
  return {
    recordsPerSecond,
    megabytesPerSecond: (recordsPerSecond * recordBytes) / 1e6,
    latency: meanLatency(clients),
    cpuSecondsPerGigabyte: cpu / ((records * recordBytes) / 1e9),
  }
}

function meanLatency(clients: readonly ClientFigures[]): Latency | null {
  const known = clients.flatMap(({ latency }) => (latency === null ? [] : [latency]))
  if (known.length === 0) return null
  const mean = (figure: (latency: Latency) => number): number =>
    known.reduce((total, latency) => total + figure(latency), 0) / known.length
  return { p50: mean((l) => l.p50), p99: mean((l) => l.p99), p999: mean((l) => l.p999) }
}
