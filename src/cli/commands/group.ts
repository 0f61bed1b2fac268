// sluice group list | describe | delete

import { SluiceError } from '../../client/index.ts'
import type { Admin, GroupState, GroupType } from '../../client/index.ts'
import { realClock } from '../../io/real-clock.ts'
import { withAdmin } from '../admin.ts'
import { confirm, count, unless } from '../ask.ts'
import { sentenceOf, UsageError } from '../failure.ts'
import type { TopicPartitions } from '../flag-values.ts'
import { LiveView } from '../live-view.ts'
import { printTable } from '../table.ts'
import { interruption, isTerminal, tell, writeJson, writeLine } from '../terminal.ts'
import { groupLines, totalLag } from './group-view.ts'

interface Connected {
  readonly bootstrap: readonly string[]
  readonly json?: true
}

interface ListFlags extends Connected {
  readonly state?: GroupState
  readonly type?: GroupType
}

export async function listGroups({ state, type, ...flags }: ListFlags): Promise<void> {
  await withAdmin(flags, async (admin) => {
    const groups = await admin.listGroups({
      ...(state === undefined ? {} : { states: [state] }),
      ...(type === undefined ? {} : { types: [type] }),
    })
    if (flags.json) return writeJson(groups)
    if (groups.length === 0) return tell('no groups; sluice consume TOPIC --group NAME makes one')
    printTable(
      ['GROUP', 'STATE', 'PROTOCOL', 'TYPE'],
      groups.map((group) => [group.groupId, group.state, group.type, group.protocolType || '-']),
    )
  })
}

interface DescribeFlags extends Connected {
  readonly watch?: true
  readonly interval?: number
}

export async function describeGroup(groupId: string, flags: DescribeFlags): Promise<void> {
  if (flags.interval !== undefined && flags.watch === undefined) {
    throw new UsageError('--interval is for --watch, which is not given')
  }
  await withAdmin(flags, async (admin) => {
    if (flags.watch) return await watchGroup(admin, groupId, flags)
    const group = await admin.describeGroup(groupId)
    if (flags.json) return writeJson({ ...group, totalLag: totalLag(group) })
    for (const line of groupLines(group)) writeLine(line)
  })
}

const WATCH_INTERVAL_MS = 1_000

/** Shows the group until Ctrl-C: in one place of a terminal, one snapshot behind the other elsewhere. */
async function watchGroup(admin: Admin, groupId: string, flags: DescribeFlags): Promise<void> {
  const interrupted = interruption()
  const stopped = new Promise<void>((resolve) => {
    interrupted.addEventListener('abort', () => resolve())
  })
  const view = isTerminal('stdout') && !flags.json ? new LiveView(process.stdout) : null
  const intervalMs = flags.interval ?? WATCH_INTERVAL_MS
  try {
    while (!interrupted.aborted) {
      await Promise.race([showOnce(admin, groupId, { view, json: flags.json }), stopped])
      await Promise.race([pause(intervalMs), stopped])
    }
  } finally {
    view?.end()
  }
}

interface Showing {
  readonly view: LiveView | null
  readonly json: true | undefined
}

/** A group that is not there yet, or a broker that is away, is shown as such: it may come back. */
async function showOnce(admin: Admin, groupId: string, { view, json }: Showing): Promise<void> {
  const time = new Date(realClock.now()).toISOString()
  let lines: readonly string[]
  try {
    const group = await admin.describeGroup(groupId)
    if (json) return writeJson({ time, ...group, totalLag: totalLag(group) })
    lines = groupLines(group)
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    if (!error.retriable && error.code !== 'GROUP_ID_NOT_FOUND') throw error
    if (json) return writeJson({ time, groupId, error: error.code })
    lines = [`group ${groupId}: ${error.code}: ${sentenceOf(error)}`]
  }
  if (view !== null) return view.show([...lines, '', `${time}  Ctrl-C ends`])
  for (const line of [time, ...lines, '']) writeLine(line)
}

function pause(delayMs: number): Promise<void> {
  const alive = realClock.keepAlive()
  return new Promise((resolve) => {
    realClock.after(delayMs, () => {
      alive.cancel()
      resolve()
    })
  })
}

interface DeleteFlags extends Connected {
  readonly topic?: readonly TopicPartitions[]
  readonly ifExists?: true
  readonly yes?: true
}

export async function deleteGroups(groupIds: readonly string[], flags: DeleteFlags): Promise<void> {
  await withAdmin(flags, async (admin) => {
    if (flags.topic !== undefined) return await deleteOffsets(admin, groupIds, flags.topic, flags)
    const what = groupIds.length === 1 ? `group ${groupIds[0]}` : count(groupIds.length, 'group')
    if (!flags.yes) await confirm(`delete ${what} with all committed offsets?`)
    const deleted: { group: string; deleted: boolean }[] = []
    for (const group of groupIds) {
      const done = await unless(flags.ifExists, 'GROUP_ID_NOT_FOUND', async () => {
        await admin.deleteGroup(group)
        return true
      })
      deleted.push({ group, deleted: done === true })
      if (!flags.json) writeLine(done ? `deleted group ${group}` : `there is no group ${group}`)
    }
    if (flags.json) writeJson(deleted)
  })
}

async function deleteOffsets(
  admin: Admin,
  groupIds: readonly string[],
  topics: readonly TopicPartitions[],
  flags: DeleteFlags,
): Promise<void> {
  const [groupId] = groupIds
  if (groupIds.length !== 1) throw new UsageError('--topic is for one group')
  const { partitions } = await admin.describeGroup(groupId!)
  const chosen = partitions.filter((each) => {
    if (each.committedOffset < 0) return false
    return topics.some(({ topic, partitions: some }) => {
      return topic === each.topic && (some?.includes(each.partition) ?? true)
    })
  })
  const names = topics.map(({ topic }) => topic).join(', ')
  if (!flags.yes && chosen.length > 0) {
    await confirm(`delete ${count(chosen.length, 'offset')} of group ${groupId} in ${names}?`)
  }
  const outcomes = chosen.length === 0 ? [] : await admin.deleteGroupOffsets(groupId!, chosen)
  const refused = outcomes.find(({ error }) => error !== null)
  if (refused !== undefined) throw refused.error!.with({ topic: refused.topic })
  const deleted = outcomes.map(({ topic, partition }) => ({ topic, partition }))
  if (flags.json) return writeJson({ group: groupId, deleted })
  writeLine(`deleted ${count(deleted.length, 'offset')} of group ${groupId} in ${names}`)
}
