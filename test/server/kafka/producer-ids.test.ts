// InitProducerId and DescribeProducers as a client sees them.

import { ProducerIdBlocks } from '../../../src/broker/produce/producer-id-blocks.ts'
import { beforeEach, expect, test } from 'vitest'
import type { BrokerError } from '../../../src/base/errors.ts'
import { ProducerIdService } from '../../../src/broker/producer-id-service.ts'
import type {
  DescribeProducersRequest,
  DescribeProducersResponse,
} from '../../../src/protocol/kafka/gen/describe-producers.ts'
import type {
  InitProducerIdRequest,
  InitProducerIdResponse,
} from '../../../src/protocol/kafka/gen/init-producer-id.ts'
import { validateProduced } from '../../../src/record/validate.ts'
import { producerIdHandlers } from '../../../src/server/kafka/handlers/producer-ids.ts'
import { initProducerIdHandler } from '../../../src/server/kafka/handlers/transactions/init-producer-id.ts'
import type { KafkaContext, KafkaHandler } from '../../../src/server/kafka/handler.ts'
import { StorageCore } from '../../../src/wasm/storage-core.ts'
import { CALLER } from '../../broker/broker-of-one.ts'
import { clusterOfOne } from '../../controller/cluster-of-one.ts'
import { batchOf } from '../../support/batches.ts'
import { TestPartitions } from '../../support/partitions.ts'

const context = { caller: CALLER, version: 4 } as KafkaContext

let partitions: TestPartitions
let init: KafkaHandler
let describe: KafkaHandler

beforeEach(async () => {
  partitions = new TestPartitions()
  const { controller: control, store } = await clusterOfOne({})
  const service = new ProducerIdService({
    blocks: new ProducerIdBlocks(control, 1),
    store,
    partitions,
  })
  // Nobody has a transactional id here.
  init = initProducerIdHandler(service, null as never)
  ;[describe] = producerIdHandlers(service) as [KafkaHandler]
})

/** What a front does with a request: what is thrown goes through `refuse`. */
async function answerOf<Answer>(handler: KafkaHandler, request: unknown): Promise<Answer> {
  try {
    return (await handler.begin(request as never, context).done) as Answer
  } catch (error) {
    return handler.refuse(request as never, error as BrokerError, context) as Answer
  }
}

function initWith(request: Partial<InitProducerIdRequest>): Promise<InitProducerIdResponse> {
  const none = { transactionalId: null, transactionTimeoutMs: 0, producerId: -1, producerEpoch: -1 }
  return answerOf(init, { ...none, ...request })
}

function describeWith(
  ...topics: DescribeProducersRequest['topics']
): Promise<DescribeProducersResponse> {
  return answerOf(describe, { topics })
}

test('a new producer gets an id and epoch 0; one that goes on the next epoch', async () => {
  expect(await initWith({})).toMatchObject({ errorCode: 0, producerId: 0, producerEpoch: 0 })
  expect(await initWith({})).toMatchObject({ errorCode: 0, producerId: 1, producerEpoch: 0 })
  const goesOn = await initWith({ producerId: 1, producerEpoch: 0 })
  expect(goesOn).toMatchObject({ errorCode: 0, producerId: 1, producerEpoch: 1 })
})

test('the producers of a partition are described; those of another are refused', async () => {
  const [made] = partitions.add('clicks')
  const bytes = batchOf(3, 10, { producerId: 9, producerEpoch: 2, timestamp: 1_000 })
  const rules = made!.partition.produceRules(1_000)
  made!.partition.append(bytes, validateProduced(StorageCore.load(), bytes, rules), -1)
  const answer = await describeWith(
    { name: 'clicks', partitionIndexes: [0, 1] },
    { name: 'unknown', partitionIndexes: [0] },
  )
  expect(answer.topics[0]!.partitions[0]).toEqual({
    partitionIndex: 0,
    errorCode: 0,
    errorMessage: null,
    activeProducers: [
      {
        producerId: 9,
        producerEpoch: 2,
        lastSequence: 2,
        lastTimestamp: 1_000,
        coordinatorEpoch: -1,
        currentTxnStartOffset: -1,
      },
    ],
  })
  expect(answer.topics[0]!.partitions[1]).toMatchObject({ partitionIndex: 1, errorCode: 3 })
  expect(answer.topics[1]!.partitions[0]).toMatchObject({ errorCode: 3, activeProducers: [] })
  expect(describe.outcome(answer as never)).toBe(3)
})

test('too many partitions are refused as a whole', async () => {
  const partitionIndexes = Array.from({ length: 10_001 }, (_, n) => n)
  const { topics } = await describeWith({ name: 'clicks', partitionIndexes })
  expect(topics[0]!.partitions).toHaveLength(10_001)
  expect(topics[0]!.partitions[7]).toMatchObject({ partitionIndex: 7, errorCode: 42 })
})
