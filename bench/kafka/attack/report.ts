// Attacks as tables, and a verdict on each target. Strangers have targets (F46 of what a listener has to
// bear); of known clients, who may ask for all they like, it is told what they do.

import { percentileMs } from '../../broker/measure.ts'
import { markdownTable, threeDigits } from '../../support/table.ts'
import type { AttackFindings, Phase } from './attack.ts'

/** Most that an honest client may notice: its p99 during the attack by that before. */
const MOST_SLOWDOWN = 2

/** Most memory that the attack may take, in megabytes (128 MiB). */
const MOST_MEMORY = 134

export function attackReport(findings: AttackFindings): string[] {
  const { group, connections, phases, kinds, refusals } = findings
  const rows = phases.map((phase) => [
    phase.name,
    ...latencies(phase.small),
    ...latencies(phase.large),
    threeDigits(phase.cpu),
    String(Math.round(phase.peak)),
    String(Math.round(phase.last)),
    String(phase.connections),
  ])
  const headings = [
    ...['', '1 KB there and back, p50 ms', 'p99 ms', '256 KB produced, p50 ms', 'p99 ms'],
    ...['CPU', 'memory MB, peak', 'at the end', 'connections'],
  ]
  const attackers = kinds.map(({ name, open, opened, closed }) => {
    return [name, ...[open, opened, closed].map((count) => count.toLocaleString('en-US'))]
  })
  const causes = [...refusals].filter(([, count]) => count > 0)
  const { most, short } = findings.systemBuffers
  return [
    `## ${connections.toLocaleString('en-US')} bad clients: ${group}`,
    'Attackers in equal kinds, each of which comes back when it is closed (500 connections a second in all), ' +
      'beside a load at a fixed rate. Clients have to say who they are; "known" attackers have a password.',
    markdownTable(headings, rows),
    markdownTable(['attackers', 'open at the end', 'opened', 'closed'], attackers),
    'Closed by the broker, by cause: ' +
      `${causes.map(([cause, count]) => `${cause} ${count.toLocaleString('en-US')}`).join(', ')}. ` +
      `Most that was held at once: ${Math.round(findings.heldAnswers)} MB of answers, ` +
      `${Math.round(findings.heldRequests)} MB of requests. The system’s own buffers of connections held ` +
      `${Math.round(most)} MB at most; they are short from ${Math.round(short)} MB on.`,
    outcomes(findings).join('\n'),
  ]
}

/** What became of each target; strangers alone have some of speed and memory. */
function outcomes({ group, phases }: AttackFindings): string[] {
  const [before, during, after] = phases as [Phase, Phase, Phase]
  const hasTargets = group === 'strangers'
  const slowdown = p99(during.small) / p99(before.small)
  const uploads = p99(during.large) / p99(before.large)
  const grown = during.peak - before.last
  const kept = after.last - before.last
  const target = (most: number, isHeld: boolean): string => {
    return hasTargets ? ` Target: at most ${most}; ${verdict(isHeld)}.` : ''
  }
  return [
    `- p99 of a round trip during by before: ${threeDigits(slowdown)}, of a batch of 256 KB ` +
      `${threeDigits(uploads)}.${target(MOST_SLOWDOWN, slowdown <= MOST_SLOWDOWN)}`,
    `- Memory at the peak: ${Math.round(grown)} MB more.${target(MOST_MEMORY, grown <= MOST_MEMORY)} ` +
      `After the attack: ${Math.round(kept)} MB more than before.`,
    `- Connections: ${before.connections} before, ${after.connections} after; ` +
      `${verdict(after.connections <= before.connections)}.`,
  ]
}

function verdict(isHeld: boolean): string {
  return isHeld ? 'held' : 'MISSED'
}

function p99(latency: Phase['small']): number {
  return percentileMs(latency, 99)
}

function latencies(latency: Phase['small']): string[] {
  return [percentileMs(latency, 50), p99(latency)].map(threeDigits)
}
