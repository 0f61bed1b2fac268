// kcat (librdkafka) as load: a client in C, whose process starts in a few milliseconds.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import type { ClientFigures } from './measure.ts'

export interface NativeLoad {
  readonly address: string
  readonly topic: string
  /** A file of lines, each a record. */
  readonly file: string
  readonly records: number
}

export function hasKcat(): boolean {
  return spawnSync('kcat', ['-V']).error === undefined
}

export async function kcatProducer(
  { address, topic, file, records }: NativeLoad,
  acks: 'all' | '1',
): Promise<ClientFigures[]> {
  const settings = [`acks=${acks}`, 'linger.ms=5', 'batch.size=65536', 'batch.num.messages=100000']
  const queue = ['queue.buffering.max.messages=1000000', 'queue.buffering.max.kbytes=262144']
  const flags = [...settings, ...queue].flatMap((setting) => ['-X', setting])
  const seconds = await timedKcat(['-P', '-b', address, '-t', topic, ...flags, '-l', file])
  return [{ records, seconds, latency: null }]
}

/** Reads all that the topic holds. */
export async function kcatConsumer({
  address,
  topic,
  records,
}: NativeLoad): Promise<ClientFigures[]> {
  const flags = ['-X', 'fetch.wait.max.ms=50', '-X', 'check.crcs=false']
  const ends = ['-o', 'beginning', '-e', '-q', '-c', String(records)]
  const seconds = await timedKcat(['-C', '-b', address, '-t', topic, ...flags, ...ends])
  return [{ records, seconds, latency: null }]
}

/** @returns seconds from start to end of the process */
async function timedKcat(args: readonly string[]): Promise<number> {
  const begun = performance.now()
  const child = spawn('kcat', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let complaints = ''
  child.stderr.on('data', (text: Buffer) => (complaints += text.toString()))
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`kcat ended with ${code}: ${complaints}`)
  return (performance.now() - begun) / 1_000
}
