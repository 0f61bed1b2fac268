// sluice topic create | list | describe | alter | delete

import { createInterface } from 'node:readline/promises'
import { Admin, SluiceError, type ConfigEntry, type Topic } from '../../client/index.ts'
import { UsageError } from '../failure.ts'
import { formatBytes, printTable } from '../table.ts'
import { isTerminal, tell, writeJson, writeLine } from '../terminal.ts'

interface Connected {
  readonly bootstrap: string
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
    if (topic === null) return tell(`topic ${name} exists already`)
    if (flags.json) return writeJson(topic)
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
    writeLine(`  ${entry.documentation}`)
    const allowed = entry.allowed === '' ? entry.type : `${entry.type}, ${entry.allowed}`
    writeLine(`  ${allowed}; default ${entry.defaultValue === '' ? '(none)' : entry.defaultValue}`)
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
  const validateOnly = flags.dryRun === true
  if (!config && !unset && partitions === undefined && deleteBefore === undefined) {
    throw new UsageError(
      'nothing to alter; give --config, --unset, --partitions or --delete-before',
    )
  }
  await withAdmin(flags, async (admin) => {
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
    if (deleteBefore !== undefined && !validateOnly) {
      changed.push(await deleteBeforeOffset(admin, name, flags.partition ?? 0, deleteBefore))
    }
    if (flags.json) return writeJson({ topic: name, changed, validateOnly })
    writeLine(`${validateOnly ? 'would alter' : 'altered'} topic ${name}: ${changed.join(', ')}`)
  })
}

async function deleteBeforeOffset(
  admin: Admin,
  topic: string,
  partition: number,
  beforeOffset: number,
): Promise<string> {
  const [result] = await admin.deleteRecords(topic, [{ partition, beforeOffset }])
  if (result!.error !== null) throw result!.error
  return `partition ${partition} starts at offset ${result!.logStartOffset}`
}

interface DeleteFlags extends Connected {
  readonly ifExists?: true
  readonly yes?: true
}

export async function deleteTopic(name: string, flags: DeleteFlags): Promise<void> {
  await withAdmin(flags, async (admin) => {
    if (!flags.yes && !(await confirmed(`delete topic ${name} with all its records?`))) {
      throw new UsageError('not deleted; --yes deletes without asking')
    }
    const deleted = await unless(flags.ifExists, 'UNKNOWN_TOPIC_OR_PARTITION', async () => {
      await admin.deleteTopic(name)
      return true
    })
    if (flags.json) return writeJson({ topic: name, deleted: deleted === true })
    writeLine(deleted ? `deleted topic ${name}` : `there is no topic ${name}`)
  })
}

async function confirmed(question: string): Promise<boolean> {
  if (!isTerminal('stderr') || process.stdin.isTTY !== true) return false
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test(await terminal.question(`${question} [y/N] `))
  } finally {
    terminal.close()
  }
}

/** Runs with an Admin that is closed in the end. */
export async function withAdmin(
  flags: Connected,
  action: (admin: Admin) => Promise<void>,
): Promise<void> {
  const admin = new Admin({ bootstrap: flags.bootstrap.split(','), clientId: 'sluice-cli' })
  try {
    await action(admin)
  } finally {
    await admin.close()
  }
}

/** @returns null when `tolerated` and it failed with `code` */
async function unless<T>(
  tolerated: true | undefined,
  code: string,
  action: () => Promise<T>,
): Promise<T | null> {
  try {
    return await action()
  } catch (error) {
    if (tolerated && error instanceof SluiceError && error.code === code) return null
    throw error
  }
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`
}
