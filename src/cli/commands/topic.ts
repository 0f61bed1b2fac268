// sluice topic create | list | describe | alter | delete

import { SluiceError, type Admin, type ConfigEntry, type Topic } from '../../client/index.ts'
import { withAdmin } from '../admin.ts'
import { confirm, count, unless } from '../ask.ts'
import { Failure, UsageError } from '../failure.ts'
import { formatBytes, printTable, wrap } from '../table.ts'
import { lineWidth, tell, writeJson, writeLine } from '../terminal.ts'

interface Connected {
  readonly bootstrap: readonly string[]
  readonly json?: true
}

interface CreateFlags extends Connected {
  readonly partitions?: number
  readonly replicationFactor?: number
  readonly config?: ReadonlyMap<string, string>
  readonly ifNotExists?: true
  readonly dryRun?: true
}

export async function createTopic(name: string, flags: CreateFlags): Promise<void> {
  await withAdmin(flags, async (admin) => {
    const topic = await unless(flags.ifNotExists, 'TOPIC_ALREADY_EXISTS', () =>
      admin.createTopic({
        name,
        ...(flags.partitions === undefined ? {} : { partitions: flags.partitions }),
        ...(flags.replicationFactor === undefined
          ? {}
          : { replicationFactor: flags.replicationFactor }),
        configs: Object.fromEntries(flags.config ?? []),
        validateOnly: flags.dryRun === true,
      }),
    )
    if (topic === null) {
      if (flags.json) return writeJson({ ...(await admin.describeTopic(name)), created: false })
      return tell(`topic ${name} exists already`)
    }
    if (flags.json) return writeJson({ ...topic, created: flags.dryRun !== true })
    const done = flags.dryRun ? 'would create' : 'created'
    writeLine(`${done} topic ${name} with ${count(topic.partitions, 'partition')}`)
  })
}

export async function listTopics(flags: Connected & { readonly internal?: true }): Promise<void> {
  await withAdmin(flags, async (admin) => {
    const topics: Topic[] = []
    for await (const topic of admin.topics({ includeInternal: flags.internal === true })) {
      topics.push(topic)
    }
    if (flags.json) return writeJson(topics)
    if (topics.length === 0) return tell('no topics; sluice topic create NAME makes one')
    printTable(
      ['TOPIC', 'PARTITIONS', 'REPLICAS', 'CONFIGURED'],
      topics.map((topic) => {
        const configs = Object.entries(topic.configs).map(([name, value]) => `${name}=${value}`)
        return [topic.name, topic.partitions, topic.replicationFactor, configs.join(' ')]
      }),
    )
  })
}

interface DescribeFlags extends Connected {
  readonly configs?: true
}

export async function describeTopic(name: string, flags: DescribeFlags): Promise<void> {
  await withAdmin(flags, async (admin) => {
    const topic = await admin.describeTopic(name)
    const configs = flags.configs
      ? await admin.describeConfigs({ type: 'topic', name })
      : ([] as readonly ConfigEntry[])
    if (flags.json) return writeJson(flags.configs ? { ...topic, configEntries: configs } : topic)
    const sizeBytes = topic.partitionDescriptions.reduce((sum, p) => sum + p.sizeBytes, 0)
    writeLine(`topic ${topic.name}, id ${topic.topicId}, ${formatBytes(sizeBytes)}`)
    for (const [key, value] of Object.entries(topic.configs)) writeLine(`  ${key}=${value}`)
    writeLine()
    printTable(
      ['PARTITION', 'LEADER', 'EPOCH', 'REPLICAS', 'ISR', 'START', 'END', 'SIZE', 'STATE'],
      topic.partitionDescriptions.map((p) => [
        p.partition,
        p.leader ?? '-',
        p.leaderEpoch,
        p.replicas.join(','),
        p.isr.join(','),
        p.logStartOffset,
        p.highWatermark,
        formatBytes(p.sizeBytes),
        p.error === null ? 'online' : p.error.message,
      ]),
    )
    if (flags.configs) printConfigs(configs)
  })
}

/** Name, value and source of each, with its meaning below. */
export function printConfigs(configs: readonly ConfigEntry[]): void {
  for (const entry of configs) {
    writeLine()
    const value = entry.sensitive ? '(hidden)' : entry.value
    writeLine(`${entry.name}=${value}  [${entry.source}${entry.readOnly ? ', read-only' : ''}]`)
    for (const line of wrap(entry.documentation, lineWidth(), '  ')) writeLine(line)
    const allowed = entry.allowed === '' ? entry.type : `${entry.type}, ${entry.allowed}`
    const fallback = entry.defaultValue === '' ? '(none)' : entry.defaultValue
    for (const line of wrap(`${allowed}; default ${fallback}`, lineWidth(), '  ')) writeLine(line)
  }
}

interface AlterFlags extends Connected {
  readonly config?: ReadonlyMap<string, string>
  readonly unset?: readonly string[]
  readonly partitions?: number
  readonly deleteBefore?: number
  readonly partition?: number
  readonly dryRun?: true
}

export async function alterTopic(name: string, flags: AlterFlags): Promise<void> {
  const { config, unset, partitions, deleteBefore } = flags
  if (!config && !unset && partitions === undefined && deleteBefore === undefined) {
    throw new UsageError(
      'nothing to alter; give --config, --unset, --partitions or --delete-before',
    )
  }
  if (flags.partition !== undefined && deleteBefore === undefined) {
    throw new UsageError('--partition is for --delete-before, which is not given')
  }
  await withAdmin(flags, async (admin) => {
    // All is checked before anything changes, so that a mistake in one flag changes nothing.
    let changed = await alter(admin, name, { ...flags, dryRun: true })
    if (flags.dryRun !== true) changed = await alter(admin, name, flags)
    if (flags.json) return writeJson({ topic: name, changed, dryRun: flags.dryRun === true })
    writeLine(`${flags.dryRun ? 'would alter' : 'altered'} topic ${name}: ${changed.join(', ')}`)
  })
}

/** @returns what was changed, or would be, in words */
async function alter(admin: Admin, name: string, flags: AlterFlags): Promise<readonly string[]> {
  const { config, unset, partitions, deleteBefore } = flags
  const validateOnly = flags.dryRun === true
  const changed: string[] = []
  if (config || unset) {
    const changes = { set: Object.fromEntries(config ?? []), unset: unset ?? [] }
    await admin.alterConfigs({ type: 'topic', name }, { ...changes, validateOnly })
    for (const [key, value] of config ?? []) changed.push(`${key}=${value}`)
    for (const key of unset ?? []) changed.push(`${key} unset`)
  }
  if (partitions !== undefined) {
    const topic = await admin.createPartitions(name, partitions, { validateOnly })
    changed.push(count(topic.partitions, 'partition'))
  }
  if (deleteBefore !== undefined) {
    const partition = flags.partition ?? 0
    const start = validateOnly
      ? await checkOffset(admin, name, partition, deleteBefore)
      : await deleteBeforeOffset(admin, name, partition, deleteBefore)
    changed.push(`partition ${partition} starts at offset ${start}`)
  }
  return changed
}

/** @returns where the partition would start */
async function checkOffset(
  admin: Admin,
  topic: string,
  partition: number,
  beforeOffset: number,
): Promise<number> {
  const { partitionDescriptions } = await admin.describeTopic(topic)
  const found = partitionDescriptions.find((p) => p.partition === partition)
  if (found === undefined) {
    throw new SluiceError('UNKNOWN_TOPIC_OR_PARTITION', { topic, partition })
  }
  if (beforeOffset > found.highWatermark) {
    const end = `the next offset of ${topic}-${partition} will be ${found.highWatermark}`
    throw new Failure(`--delete-before ${beforeOffset} is beyond the end: ${end}`)
  }
  return Math.max(found.logStartOffset, beforeOffset)
}

async function deleteBeforeOffset(
  admin: Admin,
  topic: string,
  partition: number,
  beforeOffset: number,
): Promise<number> {
  const [result] = await admin.deleteRecords(topic, [{ partition, beforeOffset }])
  if (result!.error !== null) throw result!.error
  return result!.logStartOffset
}

interface DeleteFlags extends Connected {
  readonly ifExists?: true
  readonly yes?: true
}

export async function deleteTopic(name: string, flags: DeleteFlags): Promise<void> {
  await withAdmin(flags, async (admin) => {
    if (!flags.yes) await confirm(`delete topic ${name} with all its records?`)
    const deleted = await unless(flags.ifExists, 'UNKNOWN_TOPIC_OR_PARTITION', async () => {
      await admin.deleteTopic(name)
      return true
    })
    if (flags.json) return writeJson({ topic: name, deleted: deleted === true })
    writeLine(deleted ? `deleted topic ${name}` : `there is no topic ${name}`)
  })
}
