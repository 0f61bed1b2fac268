// sluice consume: records out, lines out.

import { Admin, Consumer, bytesSerde, type ConsumerRecord } from '../../client/index.ts'
import { realClock } from '../../io/real-clock.ts'
import { UsageError } from '../failure.ts'
import { startPosition, type StartFlag } from '../flag-values.ts'
import { Progress } from '../progress.ts'
import { interruption, write } from '../terminal.ts'

interface Flags {
  readonly bootstrap: string
  readonly json?: true
  readonly fromBeginning?: true
  readonly from?: string
  readonly partition?: readonly number[]
  readonly count?: number
  readonly follow: boolean
  readonly format: 'value' | 'key-value' | 'full' | 'json'
  readonly keySeparator?: string
  readonly progress?: true
}

type BytesRecord = ConsumerRecord<Buffer, Buffer>
type Formatter = (record: BytesRecord) => readonly (Uint8Array | string)[]

const LINE_FEED = Buffer.from('\n')

/** Output is gathered up to this size before it is written. */
const WRITE_BYTES = 256 * 1024

export async function consume(topic: string, flags: Flags): Promise<void> {
  const start = startOf(flags)
  const format = formatter(flags)
  const connection = { bootstrap: flags.bootstrap.split(','), clientId: 'sluice-cli' }
  const ends = await endsToReach(topic, flags, connection)
  const consumer = new Consumer({
    ...connection,
    keyDeserializer: bytesSerde,
    valueDeserializer: bytesSerde,
  })
  const interrupted = interruption()
  interrupted.addEventListener('abort', () => void consumer.close())
  const output = new Output()
  let records = 0
  const progress = flags.progress
    ? new Progress({ verb: 'consumed', done: () => ({ records, bytes: output.bytes }) })
    : null
  try {
    const partitions = flags.partition ?? [...ends.keys()]
    await consumer.assign(partitions.map((partition) => ({ topic, partition, start })))
    const reached = (): boolean => {
      return partitions.every((partition) => {
        return consumer.position({ topic, partition }) >= (ends.get(partition) ?? 0)
      })
    }
    if (!flags.follow && reached()) return
    for await (const batch of consumer.batches()) {
      for (const record of batch.records()) {
        if (!flags.follow && record.offset >= ends.get(record.partition)!) continue
        await output.add(format(record))
        records += 1
        if (records === flags.count) return
      }
      if (flags.follow) await output.flush()
      else if (reached()) return
    }
  } finally {
    await output.flush()
    progress?.stop()
    await consumer.close()
  }
}

function startOf(flags: Flags): StartFlag {
  if (flags.fromBeginning && flags.from !== undefined) {
    throw new UsageError('--from-beginning and --from are both given; one of them is enough')
  }
  if (flags.fromBeginning) return { kind: 'earliest' }
  return startPosition(flags.from ?? 'end', realClock.now())
}

/** The high watermark of each partition now: where reading ends unless more is to be followed. */
async function endsToReach(
  topic: string,
  flags: Flags,
  connection: { readonly bootstrap: readonly string[]; readonly clientId: string },
): Promise<Map<number, number>> {
  const admin = new Admin(connection)
  try {
    const { partitionDescriptions } = await admin.describeTopic(topic)
    const ends = new Map(partitionDescriptions.map((p) => [p.partition, p.highWatermark]))
    const unknown = flags.partition?.find((partition) => !ends.has(partition))
    if (unknown !== undefined) {
      throw new UsageError(`topic ${topic} has no partition ${unknown}; it has ${ends.size}`)
    }
    return ends
  } finally {
    await admin.close()
  }
}

/** Gathers small pieces into large writes, and waits for a slow reader. */
class Output {
  bytes = 0
  #pieces: Uint8Array[] = []
  #sizeBytes = 0

  add(pieces: readonly (Uint8Array | string)[]): Promise<void> | undefined {
    for (const piece of pieces) {
      // Views are of a batch that may be large: a copy keeps nothing else alive.
      const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece
      this.#pieces.push(bytes)
      this.#sizeBytes += bytes.byteLength
    }
    return this.#sizeBytes >= WRITE_BYTES ? this.flush() : undefined
  }

  async flush(): Promise<void> {
    if (this.#sizeBytes === 0) return
    const content = Buffer.concat(this.#pieces)
    this.bytes += content.byteLength
    this.#pieces = []
    this.#sizeBytes = 0
    await write(content)
  }
}

function formatter({ format, json, keySeparator = '\t' }: Flags): Formatter {
  if (json || format === 'json') return (record) => [JSON.stringify(jsonOf(record)), LINE_FEED]
  const separator = Buffer.from(keySeparator)
  switch (format) {
    case 'value':
      return ({ value }) => [value ?? '', LINE_FEED]
    case 'key-value':
      return ({ key, value }) => [key ?? '', separator, value ?? '', LINE_FEED]
    case 'full':
      return (record) => [
        `${new Date(record.timestamp).toISOString()}  ${record.topic}-${record.partition}`,
        `@${record.offset}  ${record.key === null ? '(no key)' : record.key}  `,
        record.value ?? '(null)',
        LINE_FEED,
      ]
  }
}

/**
 * A record for programs. Keys, values and header values that are no UTF-8 stand in fields whose names
 * end in Base64, so that nothing is lost. Headers are pairs, since a name may come more than once.
 */
function jsonOf(record: BytesRecord): Record<string, unknown> {
  return {
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    timestamp: record.timestamp,
    ...field('key', record.key),
    ...field('value', record.value),
    ...(record.headers.length === 0
      ? {}
      : { headers: record.headers.map((h) => ({ name: h.key, ...field('value', h.value) })) }),
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function field(name: string, bytes: Uint8Array | null): Record<string, string | null> {
  if (bytes === null) return { [name]: null }
  try {
    return { [name]: strictUtf8.decode(bytes) }
  } catch {
    return { [`${name}Base64`]: Buffer.from(bytes).toString('base64') }
  }
}
