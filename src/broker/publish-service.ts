// Getting records in, from clients that build no batches: chooses partitions, builds the batches,
// and produces them.
//
//   records ─► by partition ─► batches ─► ProduceService ─► result of each batch ─► of each record

import type { Clock } from '../io/clock.ts'
import type { RandomSource } from '../io/random.ts'
import { BrokerError } from '../base/errors.ts'
import type { BatchBuilder } from '../record/batch-builder.ts'
import type { Codec } from '../record/compression.ts'
import { partitionForKey } from '../record/murmur2.ts'
import type { Header } from '../record/record.ts'
import type { Acks } from '../replication/leader.ts'
import type { PartitionOptions } from '../replication/partition-options.ts'
import type { Caller } from './caller.ts'
import type { Appended } from './pending-produce.ts'
import type { ProduceBatch, ProduceService } from './produce-service.ts'
import type { TopicCreation } from './topic-creation.ts'
