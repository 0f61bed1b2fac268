// Clients that we did not write and that take seconds: in every test run.

import { prepared } from '../support/commands.ts'
import { testClients } from './client-tests.ts'
import { CLIENTS } from './list.ts'

const quick = CLIENTS.filter(({ isQuick }) => isQuick)
await testClients(quick, (client) => prepared(client.name, client.prepare))
