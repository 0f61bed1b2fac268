// Every client that we did not write, in the order of the table.

import type { Client } from './client.ts'
import { COMPACTED_TOOLS } from './compacted-tools.ts'
import { FRAMEWORKS, TABLES } from './frameworks.ts'
import { GO_CLIENTS, GO_TRANSACTIONS } from './go-clients.ts'
import { JAVA_CLIENTS, JAVA_TRANSACTIONS } from './java-clients.ts'
import { KAFKA_TOOLS } from './kafka-tools.ts'
import { KCAT } from './kcat.ts'
import { NODE_CLIENTS, NODE_TRANSACTIONS } from './node-clients.ts'
import { PYTHON_CLIENTS, PYTHON_COMPACTED, PYTHON_TRANSACTIONS } from './python-clients.ts'
import { RSYSLOG } from './rsyslog.ts'
import { TRANSACTION_TOOLS } from './transaction-tools.ts'

export const CLIENTS: readonly Client[] = [
  KCAT,
  ...PYTHON_CLIENTS,
  ...NODE_CLIENTS,
  ...GO_CLIENTS,
  ...JAVA_CLIENTS,
  ...KAFKA_TOOLS,
  ...FRAMEWORKS,
  RSYSLOG,
  ...PYTHON_TRANSACTIONS,
  ...NODE_TRANSACTIONS,
  ...GO_TRANSACTIONS,
  ...JAVA_TRANSACTIONS,
  ...TRANSACTION_TOOLS,
  ...PYTHON_COMPACTED,
  COMPACTED_TOOLS,
  ...TABLES,
]
