// The log has what a client sent to a partition in the order in which the client sent it.

import { describe, type Operation } from './operation.ts'
import type { Pass } from './passes.ts'

/** Finds nonmonotonic-send, and the same within a transaction. @param sends of check-values.ts */
export function checkSends(sends: Iterable<Operation>, { findings }: Pass): void {
  let [client, topic, partition, offset, transaction] = [-1, -1, -1, -1, 0]
  for (const each of sends) {
    const isSame = each.client === client && each.topic === topic && each.partition === partition
    if (isSame && each.offset < offset) {
      const isInternal = transaction !== 0 && each.transaction === transaction
      const anomaly = isInternal ? 'int-nonmonotonic-send' : 'nonmonotonic-send'
      findings.add(anomaly, `${describe(each)}; what it sent before is at ${offset}`)
    }
    client = each.client
    topic = each.topic
    partition = each.partition
    offset = each.offset
    transaction = each.transaction
  }
}
