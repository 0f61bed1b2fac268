// Turns what was measured into tables and a plot.

import { machineLine, type MachineFacts } from '../support/machine.ts'
import { barPlots } from '../support/plot.ts'
import { markdownTable, threeDigits } from '../support/table.ts'
import type { DurableAppend } from './durable-append.ts'
import type { Firehose } from './firehose.ts'
import type { Recovery } from './recovery.ts'

export interface StorageResults {
  readonly appends: readonly DurableAppend[]
  readonly firehoses: readonly Firehose[]
  readonly recoveries: readonly Recovery[]
}

export function markdownReport(results: StorageResults, machine: MachineFacts): string {
  return [
    '# Storage',
    '',
    machineLine(machine),
    '',
    '## From append to durable',
    '',
    'Batches of 4 KB. All at once: every partition has one batch in flight. Paced: 2,000 batches a',
    'second in all, to the partitions in turn; latency counts from when a batch was due.',
    '',
    markdownTable(
      [
        'load',
        'partitions',
        'journal',
        'appends/s',
        'p50 ms',
        'p99 ms',
        'max ms',
        'rounds',
        'of them journal',
      ],
      results.appends.map((row) => [
        row.load,
        String(row.partitions),
        row.journal ? 'on' : 'off',
        threeDigits(row.appendsPerSecond),
        threeDigits(row.p50Ms),
        threeDigits(row.p99Ms),
        threeDigits(row.maxMs),
        String(row.rounds),
        String(row.journalRounds),
      ]),
    ),
    '',
    '## One log, flat out',
    '',
    'Batches of 64 KB, 64 of them in flight. A stall is a turn of the event loop.',
    '',
    markdownTable(
      ['flush.policy', 'MB/s', 'MB/s until on disk', 'stall p99 ms', 'stall max ms', 'syncs'],
      results.firehoses.map((row) => [
        row.flushPolicy,
        threeDigits(row.megabytesPerSecond),
        threeDigits(row.durableMegabytesPerSecond),
        threeDigits(row.stallP99Ms),
        threeDigits(row.stallMaxMs),
        String(row.syncs),
      ]),
    ),
    '',
    '## Start after a crash',
    '',
    'Ten partitions. The last row has lost its recovery points, so that everything is checked.',
    '',
    markdownTable(
      ['stored GB', 'not flushed MB', 'recovery points', 'checked MB', 'until open ms'],
      results.recoveries.map((row) => [
        threeDigits(row.storedGb),
        threeDigits(row.tailMb),
        row.checkpoint,
        threeDigits(row.checkedMb),
        threeDigits(row.openMs),
      ]),
    ),
    '',
  ].join('\n')
}

export function svgReport({ appends, recoveries }: StorageResults): string {
  const partitions = [...new Set(appends.map((row) => row.partitions))]
  const p99 = (count: number, journal: boolean): number => {
    const row = appends.find((one) => {
      return one.partitions === count && one.journal === journal && one.load === 'all at once'
    })
    return row?.p99Ms ?? 0
  }
  return barPlots([
    {
      title: 'From append to durable, every partition dirty at once',
      unit: 'p99, ms',
      series: ['journal', 'no journal'],
      groups: partitions.map((count) => ({
        label: `${count} partitions`,
        values: [p99(count, true), p99(count, false)],
      })),
    },
    {
      title: 'Start after a crash',
      unit: 'ms until open',
      series: ['until open'],
      groups: recoveries.map((row) => ({
        label: `${threeDigits(row.storedGb)} GB, points ${row.checkpoint}`,
        values: [row.openMs],
      })),
    },
  ])
}
