// Clients that we did not write and that take a minute: under CI, and by `npm run clients`.

import { prepared } from '../support/commands.ts'
import { testClients } from './client-tests.ts'
import { CLIENTS } from './list.ts'

const isWanted = process.env['CI'] !== undefined
const slow = CLIENTS.filter(({ isQuick }) => !isQuick)
if (!isWanted) process.stderr.write('left out: slow clients: npm run clients runs them\n')

await testClients(slow, async (client) => {
  return isWanted ? await prepared(client.name, client.prepare) : 'is slow: npm run clients'
})
