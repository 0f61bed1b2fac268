// A coordinator that lets a transaction in only after the one before has ended: its marker comes between
// question and append, and must not keep the batch out.

import { expect, test } from 'vitest'
import { TransactionGate } from '../../src/broker/produce/transaction-gate.ts'
import { TRANSACTIONAL_FLAG } from '../../src/record/layout.ts'
import { validateProduced } from '../../src/record/validate.ts'
import type { VerificationGuard } from '../../src/replication/partition.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { batchOf } from '../support/batches.ts'
import { TestPartitions } from '../support/partitions.ts'
import { CALLER } from './broker-of-one.ts'

const core = StorageCore.load()

function transactional(producerEpoch: number): Buffer {
  const stamp = { producerId: 7, producerEpoch, baseSequence: 0 }
  return batchOf(1, 10, { ...stamp, attributes: TRANSACTIONAL_FLAG, timestamp: 1_000 })
}

test('the marker of the transaction before comes while the next one is let in', async () => {
  const partitions = new TestPartitions()
  const [made] = partitions.add('clicks')
  const { partition } = made!
  const append = (bytes: Buffer, guard: VerificationGuard | null) => {
    const validated = validateProduced(core, bytes, partition.produceRules(1_000))
    return partition.append(bytes, validated, -1, guard).baseOffset
  }
  const begin = { producerId: 7, baseSequence: 0, bumpsEpochs: true }
  append(transactional(0), partition.beginVerification({ ...begin, producerEpoch: 0 }))

  let asked = 0
  const gate = new TransactionGate({
    partitions,
    verifies: true,
    transactions: {
      async admit(_caller, { partitions: wanted }) {
        asked += 1
        const end = { producerId: 7, producerEpoch: 1, coordinatorEpoch: 0, transactionVersion: 2 }
        if (asked === 1) partition.appendMarker({ ...end, outcome: 'commit' })
        return wanted.map((each) => ({ ...each, error: null }))
      },
    },
  })
  const batch = transactional(1)
  const transaction = { transactionalId: 'pay', adds: true }
  const batches = [{ topic: 'clicks', partition: 0, batch }]
  const verdicts = await gate.ask(CALLER, transaction, batches)
  expect(asked).toBe(2)
  expect(append(batch, verdicts!.get(0) as VerificationGuard)).toBe(2)
})
