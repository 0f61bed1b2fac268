// Two hundred SIGKILLs at random moments under load. Every record that was acknowledged is there
// afterwards: once, at the offset that was told, in the order in which it was sent.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BrokerProcess } from '../support/broker-process.ts'
import { History } from '../support/history.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { createTopics, KillLoad, readNewRecords } from '../support/kill-load.ts'

const KILLS = 200

test(`what was acknowledged survives ${KILLS} kills`, { timeout: 20 * 60_000 }, async () => {
  const seed = Number(process.env['SLUICE_SEED'] ?? 20_261_121)
  const random = new SeededRandom(seed)
  const directory = mkdtempSync(join(tmpdir(), 'sluice-kill-'))
  const history = new History()
  try {
    let broker = await BrokerProcess.start(directory)
    await createTopics(broker.addresses.grpc)
    for (let kill = 0; kill < KILLS; kill++) {
      const load = new KillLoad(broker.addresses.grpc, history)
      await load.acknowledged(1 + random.below(60))
      await broker.stop('SIGKILL')
      await load.ended()
      broker = await BrokerProcess.start(directory)
      await readNewRecords(broker.addresses.grpc, history)
      expect(history.problems(), `seed ${seed}, kill ${kill}`).toEqual([])
    }
    expect(await broker.stop('SIGTERM')).toBe(0)
    broker = await BrokerProcess.start(directory)
    history.forgetReads()
    await readNewRecords(broker.addresses.grpc, history)
    await broker.stop('SIGTERM')
    expect(history.problems(), `seed ${seed}, in the end`).toEqual([])
    expect(history.acknowledgedCount).toBeGreaterThan(KILLS * 8)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
