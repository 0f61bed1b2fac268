// Clients that we did not write, against one Sluice broker. The quick ones run always, the others
// under CI; `npm run clients` runs them all and prints the table.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { prepared } from '../support/commands.ts'
import { startSluice, type RunningBroker } from './brokers.ts'
import { runClient, type Client } from './client.ts'
import { CLIENTS } from './list.ts'

/** Fetching and compiling clients, where they are not there yet. */
const PREPARE_MS = 600_000
const CLIENT_MS = 600_000

let broker: RunningBroker
const directory = mkdtempSync(join(tmpdir(), 'sluice-clients-test-'))

const missing = new Map<Client, string | null>()
for (const client of CLIENTS) missing.set(client, await reasonToLeaveOut(client))

async function reasonToLeaveOut(client: Client): Promise<string | null> {
  if (!client.isQuick && process.env['CI'] === undefined) return 'it is slow: npm run clients'
  return await prepared(client.name, client.prepare)
}

beforeAll(async () => {
  broker = await startSluice()
}, PREPARE_MS)

afterAll(async () => {
  await broker.stop()
  rmSync(directory, { recursive: true, force: true })
})

for (const [at, client] of CLIENTS.entries()) {
  const title = `${client.name} ${missing.get(client) ?? client.version()}`
  test.skipIf(missing.get(client) !== null)(title, { timeout: CLIENT_MS }, async () => {
    const place = { bootstrap: broker.bootstrap, prefix: `client-${at}`, directory }
    const results = await runClient(client, place)
    expect(results.filter(({ result }) => result !== 'passed')).toEqual([])
  })
}
