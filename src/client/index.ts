// The public surface of the client: what `import … from 'sluice'` gives.
//
//   Producer   records in     producer/
//   Consumer   records out    consumer/
//   Admin      topics, configurations, offsets, consumer groups
//
// Start with the examples on the three classes. All of them reject with SluiceError, and with
// nothing else.

export { Producer } from './producer/producer.ts'
export type { ProducerRecord } from './producer/producer-record.ts'
export type { ProducerOptions } from './producer/producer-options.ts'
export type { HeadersInput, HeaderValue } from './producer/headers.ts'
export type { Partitioner, PartitionerInput } from './producer/partitioner.ts'
export { partitionOfKey } from './producer/partitioner.ts'
export type { RecordMetadata } from './producer/batch.ts'
export type { Transaction } from './producer/transaction/transaction.ts'
export type { GroupRef } from './offset-source.ts'

export { Consumer } from './consumer/consumer.ts'
export type { Assignment } from './consumer/assigner.ts'
export type { AutoOffsetReset, ConsumerOptions } from './consumer/consumer-options.ts'
export type { ConsumerRecord } from './consumer/consumer-record.ts'
export type { FetchedBatch } from './consumer/fetched-batch.ts'
export type { GroupOptions, RebalanceListener } from './consumer/group/group-options.ts'
export type { SubscribeOptions, TopicPattern, Topics } from './consumer/group/subscription.ts'
export type { ReadOptions } from './consumer/streams.ts'
export type { Header } from '../record/record.ts'

export { Admin } from './admin.ts'
export type { AdminOptions } from './admin.ts'
export type { TransactionAdmin } from './transaction-admin.ts'
export type {
  BrokerDescription,
  ClusterDescription,
  ConfigChanges,
  ConfigEntry,
  ConfigResource,
  ConfigSource,
  ConfigSynonym,
  NewTopic,
  PageOptions,
  PartitionDescription,
  PartitionOffsets,
  PositionOf,
  RecordsBefore,
  RecordsDeleted,
  Topic,
  TopicDescription,
  TopicPage,
  ValidateOnly,
} from './admin-calls.ts'

export type {
  CommittedOffset,
  GroupDescription,
  GroupFilter,
  GroupListing,
  GroupMember,
  GroupOutcome,
  GroupPartition,
  GroupState,
  GroupType,
  OffsetToCommit,
  PartitionOutcome,
} from './group-calls.ts'

export type {
  HangingFilter,
  HangingTransaction,
  HangingTransactionRef,
  TransactionDescription,
  TransactionFilter,
  TransactionListing,
  TransactionState,
} from './transaction-admin-calls.ts'

export type { OffsetReset, ResetOptions, ResetTarget } from './group-reset.ts'

export { bytesSerde, jsonSerde, stringSerde } from './serializers.ts'
export type {
  Deserializer,
  SerializationContext,
  Serde,
  Serialized,
  Serializer,
} from './serializers.ts'

export { CLIENT_ERRORS, SluiceError } from './errors.ts'
export type { ClientErrorCode, ErrorFacts, ErrorRecovery, SluiceErrorCode } from './errors.ts'

export type { ConnectionOptions, SaslOptions } from './connection-options.ts'
export { openTransport } from './open-transport.ts'
export type { Acks, Isolation, PartitionRef, StartPosition, Transport } from './transport.ts'
