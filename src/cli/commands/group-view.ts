// A group as people see it.

import type { GroupDescription, GroupMember, PartitionRef } from '../../client/index.ts'
import { count } from '../ask.ts'
import { formatCount, layOut } from '../table.ts'
import type { Cell } from '../table.ts'

/** Lines that describe a group: in short, by partition, by member. */
export function groupLines(group: GroupDescription): string[] {
  return [...summary(group), ...partitionLines(group), ...memberLines(group)]
}

/** Records that the group has yet to read, as far as that is known. */
export function totalLag({ partitions }: GroupDescription): number {
  return partitions.reduce((sum, { lag }) => sum + Math.max(0, lag), 0)
}

function summary(group: GroupDescription): string[] {
  const { groupId, state, members, type, protocolType, assignor, groupEpoch, coordinator } = group
  const lag = `lag ${formatCount(totalLag(group))}`
  const facts = [
    type === 'consumer' ? 'consumer protocol' : `${type} protocol`,
    ...(type === 'classic' && protocolType !== '' ? [`of type ${protocolType}`] : []),
    ...(assignor === '' ? [] : [`assignor ${assignor}`]),
    ...(groupEpoch < 0 ? [] : [`epoch ${groupEpoch}`]),
    ...(coordinator === null ? [] : [`coordinator broker ${coordinator}`]),
  ]
  return [
    `group ${groupId}: ${state}, ${count(members.length, 'member')}, ${lag}`,
    facts.join(', '),
  ]
}

function partitionLines({ partitions, members }: GroupDescription): string[] {
  if (partitions.length === 0) return []
  const names = new Map(members.map((member) => [member.memberId, nameOf(member)]))
  const rows = partitions.map((each): Cell[] => [
    each.topic,
    each.partition,
    known(each.committedOffset),
    known(each.highWatermark),
    known(each.lag),
    each.memberId === null ? '-' : (names.get(each.memberId) ?? each.memberId),
  ])
  return ['', ...layOut(['TOPIC', 'PARTITION', 'COMMITTED', 'END', 'LAG', 'MEMBER'], rows)]
}

function memberLines({ members }: GroupDescription): string[] {
  if (members.length === 0) return []
  const rows = members.map((member): Cell[] => [
    nameOf(member),
    member.clientId,
    member.clientHost,
    known(member.memberEpoch),
    refsText(member.assignment),
    refsText(difference(member.targetAssignment, member.assignment)),
    refsText(difference(member.assignment, member.targetAssignment)),
    [...member.subscribedTopics, ...patternText(member)].join(' '),
  ])
  const headings = ['MEMBER', 'CLIENT', 'HOST', 'EPOCH', 'READS', 'GETS', 'GIVES UP', 'SUBSCRIBED']
  return ['', ...layOut(headings, rows)]
}

function patternText({ subscribedPattern }: GroupMember): string[] {
  return subscribedPattern === null ? [] : [`/${subscribedPattern}/`]
}

/** A static member by the name that it was given. */
function nameOf({ memberId, instanceId }: GroupMember): string {
  return instanceId ?? memberId
}

function known(number: number): Cell {
  return number < 0 ? '-' : number
}

function difference(refs: readonly PartitionRef[], without: readonly PartitionRef[]) {
  const names = new Set(without.map(({ topic, partition }) => `${topic}-${partition}`))
  return refs.filter(({ topic, partition }) => !names.has(`${topic}-${partition}`))
}

/** "clicks:0-2,5 orders:0" */
export function refsText(refs: readonly PartitionRef[]): string {
  if (refs.length === 0) return '-'
  const byTopic = [...Map.groupBy(refs, ({ topic }) => topic)]
  return byTopic
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([topic, own]) => `${topic}:${rangesText(own.map(({ partition }) => partition))}`)
    .join(' ')
}

function rangesText(partitions: readonly number[]): string {
  const ranges: { first: number; last: number }[] = []
  for (const partition of partitions.toSorted((a, b) => a - b)) {
    const range = ranges.at(-1)
    if (range?.last === partition - 1) range.last = partition
    else ranges.push({ first: partition, last: partition })
  }
  return ranges
    .map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`))
    .join(',')
}
