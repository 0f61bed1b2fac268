// A test for each client of a list, against one Sluice broker.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSluice, type RunningBroker } from './brokers.ts'
import { runClient, type Client } from './client.ts'

const START_MS = 120_000
const CLIENT_MS = 600_000

/** @param missing why a client is left out; null when it runs */
export async function testClients(
  clients: readonly Client[],
  missing: (client: Client) => Promise<string | null>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-clients-test-'))
  let broker: RunningBroker

  beforeAll(async () => {
    broker = await startSluice()
  }, START_MS)

  afterAll(async () => {
    await broker.stop()
    rmSync(directory, { recursive: true, force: true })
  })

  for (const [at, client] of clients.entries()) {
    const reason = await missing(client)
    const title = `${client.name} ${reason ?? client.version()}`
    test.skipIf(reason !== null)(title, { timeout: CLIENT_MS }, async () => {
      const place = { bootstrap: broker.bootstrap, prefix: `client-${at}`, directory }
      const results = await runClient(client, place)
      expect(results.filter(({ result }) => result !== 'passed')).toEqual([])
    })
  }
}
