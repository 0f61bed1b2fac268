// sluice consume: records out, lines out.

import {
  Consumer,
  bytesSerde,
  type Assignment,
  type FetchedBatch,
  type Isolation,
  type PartitionDescription,
  type PartitionRef,
} from '../../client/index.ts'
import { withAdmin } from '../admin.ts'
import { unless } from '../ask.ts'
import { UsageError } from '../failure.ts'
import type { StartFlag } from '../flag-values.ts'
import { Progress } from '../progress.ts'
import { Output, formatter, type FormatFlags } from '../record-output.ts'
import { interruption, isTerminal, tell } from '../terminal.ts'
import { refsText } from './group-view.ts'

interface Flags extends FormatFlags {
  readonly bootstrap: readonly string[]
  readonly fromBeginning?: true
  readonly from?: StartFlag
  readonly partition?: readonly number[]
  readonly group?: string
  readonly pattern?: string
  readonly instanceId?: string
  readonly verbose?: true
  readonly count?: number
  readonly follow: boolean
  readonly isolation: Isolation
  readonly progress?: true
}

export async function consume(topics: readonly string[], flags: Flags): Promise<void> {
  const format = formatter(flags)
  checkFlags(topics, flags)
  const start = startOf(flags)
  const assignments = flags.group === undefined ? await partitionsToRead(topics, start, flags) : []
  const interrupted = interruption()
  const stopped = new Promise<null>((resolve) => {
    interrupted.addEventListener('abort', () => resolve(null))
  })
  const consumer = new Consumer({
    bootstrap: flags.bootstrap,
    clientId: 'sluice-cli',
    keyDeserializer: bytesSerde,
    valueDeserializer: bytesSerde,
    isolation: flags.isolation,
    ...groupOptions(flags),
  })
  const output = new Output()
  const progress = new Progress({
    verb: 'consumed',
    quiet: flags.progress !== true,
    totalBytes: null,
    done: () => output,
  })
  try {
    const started = begin(consumer, topics, assignments, flags)
    if ((await Promise.race([started, stopped])) === null) return
    tellWhatIsAwaited(topics, start, flags)
    const batches = consumer.batches({ untilEnd: !flags.follow })
    for (;;) {
      // Who asks for the next batch is done with the one before.
      const step = await Promise.race([batches.next(), stopped])
      if (step === null || step.done === true) return
      const last = await print(step.value, output, format, flags.count)
      // Who follows wants to see a record when it comes; and what was not written is not processed.
      if (flags.follow || flags.group !== undefined) await output.flush()
      if (output.records !== flags.count) continue
      const { topic, partition } = step.value
      if (flags.group !== undefined) await consumer.commit([{ topic, partition, offset: last + 1 }])
      return
    }
  } finally {
    await output.flush()
    progress.stop()
    await consumer.close()
  }
}

function checkFlags(topics: readonly string[], flags: Flags): void {
  const { group, pattern, partition, from } = flags
  if (group === undefined) {
    const ofGroups = [
      ['--pattern', pattern],
      ['--instance-id', flags.instanceId],
      ['--verbose', flags.verbose],
    ] as const
    const given = ofGroups.find(([, value]) => value !== undefined)
    if (given !== undefined) throw new UsageError(`${given[0]} is for --group, which is not given`)
    if (topics.length === 0) throw new UsageError('which topic? sluice topic list shows them')
    return
  }
  if (from !== undefined) {
    throw new UsageError(
      '--from is not for --group, which goes on where it has committed; ' +
        'sluice group reset moves that, and --from-beginning says where a new group begins',
    )
  }
  if (partition !== undefined) {
    throw new UsageError('--partition is not for --group: the group says who reads which partition')
  }
  if ((pattern === undefined) === (topics.length === 0)) {
    const both = pattern !== undefined
    throw new UsageError(
      both
        ? 'topics and --pattern are both given; one of them is enough'
        : 'which topics? name them, or give --pattern',
    )
  }
}

function groupOptions({ group, instanceId, fromBeginning }: Flags) {
  if (group === undefined) return {}
  return {
    groupId: group,
    autoOffsetReset: fromBeginning ? ('earliest' as const) : ('latest' as const),
    ...(instanceId === undefined ? {} : { groupInstanceId: instanceId }),
  }
}

type BytesConsumer = Consumer<Buffer, Buffer>

async function begin(
  consumer: BytesConsumer,
  topics: readonly string[],
  assignments: readonly Assignment[],
  { bootstrap, group, pattern, verbose }: Flags,
): Promise<void> {
  if (group === undefined) return await consumer.assign(assignments)
  await tellWhatIsMissing(topics, bootstrap)
  const note = (what: string) => (partitions: readonly PartitionRef[]) => {
    if (verbose) tell(`group ${group}: ${what} ${refsText(partitions)}`)
  }
  await consumer.subscribe(pattern === undefined ? topics : { pattern }, {
    onAssigned: note('reads'),
    onRevoked: note('gives up'),
    onLost: note('lost'),
  })
}

/** A group waits for topics that are not there; who has mistyped one should know. */
async function tellWhatIsMissing(
  topics: readonly string[],
  bootstrap: readonly string[],
): Promise<void> {
  await withAdmin({ bootstrap }, async (admin) => {
    // Also says at once when no broker is there.
    await admin.describeCluster()
    for (const topic of topics) {
      const found = await unless(true, 'UNKNOWN_TOPIC_OR_PARTITION', () =>
        admin.describeTopic(topic),
      )
      if (found === null) tell(`sluice: there is no topic ${topic} yet; it is read once it is made`)
    }
  })
}

/** @returns the offset of the last record that was printed */
async function print(
  batch: FetchedBatch<Buffer, Buffer>,
  output: Output,
  format: ReturnType<typeof formatter>,
  count: number | undefined,
): Promise<number> {
  let last = batch.baseOffset - 1
  for (const record of batch) {
    const full = output.add(format(record))
    if (full !== null) await full
    last = record.offset
    if (output.records === count) break
  }
  return last
}

function startOf({ fromBeginning, from }: Flags): StartFlag {
  if (fromBeginning && from !== undefined) {
    throw new UsageError('--from-beginning and --from are both given; one of them is enough')
  }
  return fromBeginning ? { kind: 'earliest' } : (from ?? { kind: 'latest' })
}

/** A new user who types `sluice consume clicks` sees nothing at first, and should know why. */
function tellWhatIsAwaited(
  topics: readonly string[],
  start: StartFlag,
  { follow, group }: Flags,
): void {
  if (start.kind !== 'latest' || !follow || !isTerminal('stdout') || !isTerminal('stderr')) return
  const what = topics.length === 0 ? 'those topics' : topics.join(', ')
  const records = group === undefined ? 'new records' : `records new to group ${group}`
  tell(`${records} of ${what} show up here; --from-beginning shows those there are; Ctrl-C ends`)
}

async function partitionsToRead(
  topics: readonly string[],
  start: StartFlag,
  flags: Flags,
): Promise<readonly Assignment[]> {
  const described = await withAdmin(flags, async (admin) => {
    return await Promise.all(topics.map((topic) => admin.describeTopic(topic)))
  })
  return described.flatMap(({ name: topic, partitionDescriptions }) => {
    return chosen(topic, partitionDescriptions, flags.partition).map((found) => {
      return { topic, partition: found.partition, start: withinLog(topic, found, start) }
    })
  })
}

function chosen(
  topic: string,
  all: readonly PartitionDescription[],
  wanted: readonly number[] | undefined,
): readonly PartitionDescription[] {
  if (wanted === undefined) return all
  return wanted.map((partition) => {
    const found = all.find((description) => description.partition === partition)
    if (found !== undefined) return found
    const known = all.length === 1 ? 'partition 0 only' : `partitions 0 to ${all.length - 1}`
    throw new UsageError(`--partition ${partition}: topic ${topic} has ${known}`)
  })
}

/** An offset outside the log becomes the edge that is nearest, and that is told. */
function withinLog(topic: string, found: PartitionDescription, start: StartFlag): StartFlag {
  if (start.kind !== 'offset') return start
  const { partition, logStartOffset, highWatermark } = found
  const offset = Math.min(Math.max(start.offset, logStartOffset), highWatermark)
  if (offset !== start.offset) {
    const range = `offsets from ${logStartOffset}, and the next will be ${highWatermark}`
    tell(`sluice: ${topic}-${partition} has ${range}; it is read from ${offset}`)
  }
  return { kind: 'offset', offset }
}
