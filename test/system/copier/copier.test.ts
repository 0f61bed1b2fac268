// A short copy under kills against Sluice in every test run; and that its checkers find, in real runs,
// the bugs that copiers and readers have on purpose. The long run is a command: run.ts.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { prepared } from '../../support/commands.ts'
import { runCopy, type CopyRunOptions } from './copy-run.ts'
import { preparePrograms } from './programs.ts'
import type { Verdict } from './verdict.ts'

const SEED = Number(process.env['SLUICE_SEED'] ?? 20_261_126)
const TIMEOUT = { timeout: 15 * 60_000 }

const RIGHT: Omit<CopyRunOptions, 'directory' | 'records'> = {
  ...{ against: 'sluice', seed: SEED, kills: 0, pauses: 0, copiers: ['java', 'librdkafka'] },
  ...{ protocol: 'classic', network: 'direct', rule: 'right', reader: 'right' },
  progress: () => {},
}

const missing = await prepared('copies under kills', () => {
  return preparePrograms(['java', 'librdkafka'])
})

describe.skipIf(missing !== null)('a copy in transactions', () => {
  test('is exactly once while its clients and the broker are killed', TIMEOUT, async () => {
    const verdict = await copied({ records: 20_000, kills: 10, pauses: 1 })
    expect(verdict.kills).toBe(10)
    isExactlyOnce(verdict)
  })

  test('is exactly once with our own client, over both wires', TIMEOUT, async () => {
    const copiers = ['sluice-grpc', 'sluice-kafka'] as const
    const verdict = await copied({ records: 10_000, kills: 6, protocol: 'consumer', copiers })
    expect(verdict.kills).toBe(6)
    isExactlyOnce(verdict)
  })

  test(
    'is exactly once whatever arrives too late, with an epoch a transaction',
    TIMEOUT,
    async () => {
      const copiers = ['java', 'java'] as const
      const verdict = await copied({ records: 10_000, kills: 4, network: 'late', copiers })
      const { arrived } = verdict.late
      for (const name of ['Produce', 'TxnOffsetCommit', 'EndTxn']) {
        expect(arrived[name] ?? 0, `late ${name}`).toBeGreaterThan(0)
      }
      isExactlyOnce(verdict)
    },
  )
})

describe.skipIf(missing !== null)('a bug that is planted in a real run is found:', () => {
  test('a reader that shows what was aborted', TIMEOUT, async () => {
    const verdict = await copied({ records: 3_000, reader: 'shows aborted' })
    expect(namesOf(verdict)).toContain('aborted-read')
  })

  test('a copier that commits its offsets after its transaction', TIMEOUT, async () => {
    const verdict = await copied({ records: 3_000, rule: 'offsets-outside', copiers: ['java'] })
    expect(namesOf(verdict)).toContain('copy-twice')
  })
})

async function copied(
  options: Partial<CopyRunOptions> & Pick<CopyRunOptions, 'records'>,
): Promise<Verdict> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-copy-'))
  try {
    return await runCopy({ ...RIGHT, ...options, directory })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function isExactlyOnce(verdict: Verdict): void {
  const { findings, stalled, records } = verdict
  expect(findings, `seed ${SEED}`).toEqual([])
  expect(stalled, `seed ${SEED}`).toBe(null)
  expect(verdict.copied).toBeGreaterThanOrEqual(records)
  expect(verdict.logs.transactions.aborted).toBeGreaterThan(0)
}

function namesOf({ findings }: Verdict): string[] {
  return findings.map(({ anomaly }) => anomaly)
}
