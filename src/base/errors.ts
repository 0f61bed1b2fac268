// The table of errors that a client can be told of, and the one class that carries them.

interface ErrorEntry {
  readonly id: number
  readonly retriable: boolean
  readonly grpc: number
  readonly text: string
}

// gRPC status codes, by their standard numbers (https://grpc.io/docs/guides/status-codes/).
const INVALID_ARGUMENT = 3
const DEADLINE_EXCEEDED = 4
const NOT_FOUND = 5
const ALREADY_EXISTS = 6
const PERMISSION_DENIED = 7
const RESOURCE_EXHAUSTED = 8
const FAILED_PRECONDITION = 9
const ABORTED = 10
const OUT_OF_RANGE = 11
const UNIMPLEMENTED = 12
const INTERNAL = 13
const UNAVAILABLE = 14
const UNAUTHENTICATED = 16

function entry(id: number, grpc: number, text: string): ErrorEntry {
  return { id, retriable: false, grpc, text }
}

function retriable(id: number, grpc: number, text: string): ErrorEntry {
  return { id, retriable: true, grpc, text }
}

/**
 * Every error that a client can be told of.
 *
 * `id` is the number on the Kafka wire and never changes once released. `retriable` tells a client
 * whether the same request may succeed later. `grpc` is the status code of the gRPC front.
 * Source of ids and retriability: https://kafka.apache.org/protocol#protocol_error_codes
 */
export const ERRORS = {
  UNKNOWN_SERVER_ERROR: entry(-1, INTERNAL, 'Unexpected server error'),
  OFFSET_OUT_OF_RANGE: entry(1, OUT_OF_RANGE, 'Offset is outside the log'),
  CORRUPT_MESSAGE: retriable(2, INVALID_ARGUMENT, 'Batch failed its checksum or is malformed'),
  UNKNOWN_TOPIC_OR_PARTITION: retriable(3, NOT_FOUND, 'Topic or partition does not exist'),
  INVALID_FETCH_SIZE: entry(4, INVALID_ARGUMENT, 'Fetch size is not valid'),
  LEADER_NOT_AVAILABLE: retriable(5, UNAVAILABLE, 'Partition has no leader now'),
  NOT_LEADER_OR_FOLLOWER: retriable(6, FAILED_PRECONDITION, 'Partition is led elsewhere'),
  REQUEST_TIMED_OUT: retriable(7, DEADLINE_EXCEEDED, 'Request ran out of time'),
  BROKER_NOT_AVAILABLE: entry(8, UNAVAILABLE, 'Broker is not available'),
  REPLICA_NOT_AVAILABLE: retriable(9, UNAVAILABLE, 'Replica is not available'),
  MESSAGE_TOO_LARGE: entry(10, INVALID_ARGUMENT, 'Batch is over the size limit'),
  OFFSET_METADATA_TOO_LARGE: entry(12, INVALID_ARGUMENT, 'Offset metadata is over the size limit'),
  NETWORK_EXCEPTION: retriable(13, UNAVAILABLE, 'Connection broke before the answer came'),
  COORDINATOR_LOAD_IN_PROGRESS: retriable(14, UNAVAILABLE, 'Coordinator is still loading'),
  COORDINATOR_NOT_AVAILABLE: retriable(15, UNAVAILABLE, 'Coordinator is not available'),
  NOT_COORDINATOR: retriable(16, FAILED_PRECONDITION, 'This broker is not the coordinator'),
  INVALID_TOPIC_EXCEPTION: entry(17, INVALID_ARGUMENT, 'Topic name is not valid'),
  RECORD_LIST_TOO_LARGE: entry(18, INVALID_ARGUMENT, 'Batch is larger than a segment'),
  NOT_ENOUGH_REPLICAS: retriable(19, UNAVAILABLE, 'Too few in-sync replicas'),
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: retriable(
    20,
    UNAVAILABLE,
    'Written, but to too few in-sync replicas',
  ),
  INVALID_REQUIRED_ACKS: entry(21, INVALID_ARGUMENT, 'Acks must be 0, 1 or -1 (all)'),
  ILLEGAL_GENERATION: entry(22, ABORTED, 'Group generation is not the current one'),
  INCONSISTENT_GROUP_PROTOCOL: entry(23, FAILED_PRECONDITION, 'Group protocols do not match'),
  INVALID_GROUP_ID: entry(24, INVALID_ARGUMENT, 'Group id is not valid'),
  UNKNOWN_MEMBER_ID: entry(25, ABORTED, 'Member is not in the group'),
  INVALID_SESSION_TIMEOUT: entry(26, INVALID_ARGUMENT, 'Session timeout is outside the limits'),
  REBALANCE_IN_PROGRESS: entry(27, ABORTED, 'Group is rebalancing; join again'),
  INVALID_COMMIT_OFFSET_SIZE: entry(28, INVALID_ARGUMENT, 'Committed offset is over the limit'),
  TOPIC_AUTHORIZATION_FAILED: entry(29, PERMISSION_DENIED, 'Not allowed to use the topic'),
  GROUP_AUTHORIZATION_FAILED: entry(30, PERMISSION_DENIED, 'Not allowed to use the group'),
  CLUSTER_AUTHORIZATION_FAILED: entry(31, PERMISSION_DENIED, 'Not allowed on the cluster'),
  INVALID_TIMESTAMP: entry(32, INVALID_ARGUMENT, 'Timestamp is outside the allowed range'),
  UNSUPPORTED_SASL_MECHANISM: entry(33, UNAUTHENTICATED, 'SASL mechanism is not offered'),
  ILLEGAL_SASL_STATE: entry(34, UNAUTHENTICATED, 'Not valid in this state of authentication'),
  UNSUPPORTED_VERSION: entry(35, UNIMPLEMENTED, 'Version of this API is not supported'),
  TOPIC_ALREADY_EXISTS: entry(36, ALREADY_EXISTS, 'Topic exists already'),
  INVALID_PARTITIONS: entry(37, INVALID_ARGUMENT, 'Number of partitions is not valid'),
  INVALID_REPLICATION_FACTOR: entry(38, INVALID_ARGUMENT, 'Replication factor is not valid'),
  INVALID_REPLICA_ASSIGNMENT: entry(39, INVALID_ARGUMENT, 'Replica assignment is not valid'),
  INVALID_CONFIG: entry(40, INVALID_ARGUMENT, 'Configuration is not valid'),
  NOT_CONTROLLER: retriable(41, FAILED_PRECONDITION, 'This broker is not the controller'),
  INVALID_REQUEST: entry(42, INVALID_ARGUMENT, 'Request is not valid'),
  UNSUPPORTED_FOR_MESSAGE_FORMAT: entry(43, INVALID_ARGUMENT, 'Not possible in this format'),
  POLICY_VIOLATION: entry(44, FAILED_PRECONDITION, 'Request breaks a policy'),
  OUT_OF_ORDER_SEQUENCE_NUMBER: entry(45, ABORTED, 'Sequence number leaves a gap'),
  DUPLICATE_SEQUENCE_NUMBER: entry(46, ALREADY_EXISTS, 'Sequence number was used before'),
  INVALID_PRODUCER_EPOCH: entry(47, ABORTED, 'Producer epoch is older than the current one'),
  INVALID_TXN_STATE: entry(48, FAILED_PRECONDITION, 'Not valid in this state of the transaction'),
  INVALID_PRODUCER_ID_MAPPING: entry(49, ABORTED, 'Producer id is not that of the transaction'),
  INVALID_TRANSACTION_TIMEOUT: entry(50, INVALID_ARGUMENT, 'Transaction timeout is over the limit'),
  CONCURRENT_TRANSACTIONS: retriable(51, ABORTED, 'Another transaction of this id is ending'),
  TRANSACTION_COORDINATOR_FENCED: entry(52, ABORTED, 'Transaction coordinator was replaced'),
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: entry(
    53,
    PERMISSION_DENIED,
    'Not allowed to use the transactional id',
  ),
  SECURITY_DISABLED: entry(54, FAILED_PRECONDITION, 'Security features are off'),
  OPERATION_NOT_ATTEMPTED: entry(55, ABORTED, 'Not tried, since an earlier part failed'),
  KAFKA_STORAGE_ERROR: retriable(56, UNAVAILABLE, 'Log is offline after a disk error'),
  LOG_DIR_NOT_FOUND: entry(57, NOT_FOUND, 'Log directory does not exist'),
  SASL_AUTHENTICATION_FAILED: entry(58, UNAUTHENTICATED, 'Authentication failed'),
  UNKNOWN_PRODUCER_ID: entry(59, ABORTED, 'Producer id is not known'),
  REASSIGNMENT_IN_PROGRESS: entry(60, FAILED_PRECONDITION, 'A reassignment is under way'),
  DELEGATION_TOKEN_AUTH_DISABLED: entry(61, FAILED_PRECONDITION, 'Delegation tokens are off'),
  DELEGATION_TOKEN_NOT_FOUND: entry(62, NOT_FOUND, 'Delegation token does not exist'),
  DELEGATION_TOKEN_OWNER_MISMATCH: entry(63, PERMISSION_DENIED, 'Token belongs to another'),
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: entry(64, PERMISSION_DENIED, 'Token may not be asked here'),
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: entry(65, PERMISSION_DENIED, 'Not allowed for the token'),
  DELEGATION_TOKEN_EXPIRED: entry(66, UNAUTHENTICATED, 'Delegation token has expired'),
  INVALID_PRINCIPAL_TYPE: entry(67, INVALID_ARGUMENT, 'Principal type is not known'),
  NON_EMPTY_GROUP: entry(68, FAILED_PRECONDITION, 'Group has members'),
  GROUP_ID_NOT_FOUND: entry(69, NOT_FOUND, 'Group does not exist'),
  FETCH_SESSION_ID_NOT_FOUND: retriable(70, NOT_FOUND, 'Fetch session does not exist'),
  INVALID_FETCH_SESSION_EPOCH: retriable(71, ABORTED, 'Fetch session epoch is not the next one'),
  LISTENER_NOT_FOUND: retriable(72, UNAVAILABLE, 'Leader has no such listener'),
  TOPIC_DELETION_DISABLED: entry(73, FAILED_PRECONDITION, 'Deleting topics is off'),
  FENCED_LEADER_EPOCH: retriable(74, FAILED_PRECONDITION, 'Leader epoch is behind the broker’s'),
  UNKNOWN_LEADER_EPOCH: retriable(75, FAILED_PRECONDITION, 'Leader epoch is ahead of the broker’s'),
  UNSUPPORTED_COMPRESSION_TYPE: entry(76, INVALID_ARGUMENT, 'Compression is not supported here'),
  STALE_BROKER_EPOCH: entry(77, ABORTED, 'Broker epoch has changed'),
  OFFSET_NOT_AVAILABLE: retriable(78, UNAVAILABLE, 'High watermark has not caught up yet'),
  MEMBER_ID_REQUIRED: entry(79, FAILED_PRECONDITION, 'Join again with the member id given'),
  PREFERRED_LEADER_NOT_AVAILABLE: retriable(80, UNAVAILABLE, 'Preferred leader is not available'),
  GROUP_MAX_SIZE_REACHED: entry(81, RESOURCE_EXHAUSTED, 'Group is full'),
  FENCED_INSTANCE_ID: entry(82, ABORTED, 'Another member took over the instance id'),
  ELIGIBLE_LEADERS_NOT_AVAILABLE: retriable(83, UNAVAILABLE, 'No eligible leader is available'),
  ELECTION_NOT_NEEDED: retriable(84, FAILED_PRECONDITION, 'Leader needs no election'),
  NO_REASSIGNMENT_IN_PROGRESS: entry(85, FAILED_PRECONDITION, 'No reassignment is under way'),
  GROUP_SUBSCRIBED_TO_TOPIC: entry(86, FAILED_PRECONDITION, 'Group is subscribed to the topic'),
  INVALID_RECORD: entry(87, INVALID_ARGUMENT, 'Record or batch breaks a rule of the broker'),
  UNSTABLE_OFFSET_COMMIT: retriable(88, UNAVAILABLE, 'Transaction on the offsets is open'),
  THROTTLING_QUOTA_EXCEEDED: retriable(89, RESOURCE_EXHAUSTED, 'Quota is used up'),
  PRODUCER_FENCED: entry(90, ABORTED, 'A newer producer took over'),
  RESOURCE_NOT_FOUND: entry(91, NOT_FOUND, 'Resource does not exist'),
  DUPLICATE_RESOURCE: entry(92, INVALID_ARGUMENT, 'Resource is named twice'),
  UNACCEPTABLE_CREDENTIAL: entry(93, INVALID_ARGUMENT, 'Credential is not acceptable'),
  INCONSISTENT_VOTER_SET: entry(94, FAILED_PRECONDITION, 'Voters do not match'),
  INVALID_UPDATE_VERSION: entry(95, ABORTED, 'Update was made on an older version'),
  FEATURE_UPDATE_FAILED: entry(96, FAILED_PRECONDITION, 'Feature could not be changed'),
  PRINCIPAL_DESERIALIZATION_FAILURE: entry(97, INVALID_ARGUMENT, 'Principal could not be read'),
  POSITION_OUT_OF_RANGE: retriable(99, OUT_OF_RANGE, 'Position is outside the snapshot'),
  UNKNOWN_TOPIC_ID: retriable(100, NOT_FOUND, 'Topic id is not known'),
  DUPLICATE_BROKER_REGISTRATION: entry(101, ALREADY_EXISTS, 'Broker id is in use'),
  BROKER_ID_NOT_REGISTERED: entry(102, NOT_FOUND, 'Broker id is not registered'),
  INCONSISTENT_TOPIC_ID: retriable(103, FAILED_PRECONDITION, 'Topic id does not match the log'),
  INCONSISTENT_CLUSTER_ID: entry(104, FAILED_PRECONDITION, 'Cluster id does not match'),
  TRANSACTIONAL_ID_NOT_FOUND: entry(105, NOT_FOUND, 'Transactional id does not exist'),
  FETCH_SESSION_TOPIC_ID_ERROR: retriable(106, FAILED_PRECONDITION, 'Session uses topic ids'),
  INELIGIBLE_REPLICA: entry(107, FAILED_PRECONDITION, 'Replica may not join the ISR'),
  NEW_LEADER_ELECTED: entry(108, FAILED_PRECONDITION, 'A new leader was elected'),
  OFFSET_MOVED_TO_TIERED_STORAGE: entry(109, OUT_OF_RANGE, 'Offset is in tiered storage'),
  FENCED_MEMBER_EPOCH: entry(110, ABORTED, 'Member epoch is older than the current one'),
  UNRELEASED_INSTANCE_ID: entry(111, ABORTED, 'Instance id is still in use'),
  UNSUPPORTED_ASSIGNOR: entry(112, INVALID_ARGUMENT, 'Assignor is not known'),
  STALE_MEMBER_EPOCH: entry(113, ABORTED, 'Member epoch is not the current one'),
  MISMATCHED_ENDPOINT_TYPE: entry(114, INVALID_ARGUMENT, 'Asked of the wrong kind of listener'),
  UNSUPPORTED_ENDPOINT_TYPE: entry(115, INVALID_ARGUMENT, 'Endpoint type is not known'),
  UNKNOWN_SUBSCRIPTION_ID: entry(117, NOT_FOUND, 'Subscription is not known'),
  INVALID_REGULAR_EXPRESSION: entry(128, INVALID_ARGUMENT, 'Regular expression is not valid'),
  TRANSACTION_ABORTABLE: entry(120, ABORTED, 'Transaction must be aborted'),
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof ERRORS

/** Plain values that explain one refusal: a client sees them, so they hold no record content. */
export type Facts = Readonly<Record<string, string | number>>

const NO_FACTS: Facts = {}

/**
 * A refusal that a client is meant to see. Bugs are not BrokerErrors: they are failed assertions.
 *
 * `facts` explain this one refusal. They reach the log as fields and the client as text, so they
 * hold no record content and no secret. The fact `message`, when given, says in a sentence what was
 * wrong and what to do, and stands in place of the code's general text.
 */
export class BrokerError extends Error {
  override readonly name = 'BrokerError'
  readonly code: ErrorCode
  readonly facts: Facts

  constructor(code: ErrorCode, facts: Facts = NO_FACTS, cause?: unknown) {
    // A refusal is an answer: clients may ask for any number, and a stack costs more than all the rest.
    const { stackTraceLimit } = Error
    if (code !== 'UNKNOWN_SERVER_ERROR') Error.stackTraceLimit = 0
    super(messageOf(code, facts), cause === undefined ? undefined : { cause })
    Error.stackTraceLimit = stackTraceLimit
    this.code = code
    this.facts = facts
  }

  /** True when the same request may succeed later. */
  get retriable(): boolean {
    return ERRORS[this.code].retriable
  }

  /** Returns a refusal as it is, and hides anything else behind UNKNOWN_SERVER_ERROR. */
  static from(error: unknown): BrokerError {
    return error instanceof BrokerError ? error : new BrokerError('UNKNOWN_SERVER_ERROR', {}, error)
  }
}

function messageOf(code: ErrorCode, facts: Facts): string {
  if (facts === NO_FACTS) return `${code}: ${ERRORS[code].text}`
  const { message, ...others } = facts
  const pairs = Object.entries(others).map(([name, value]) => ` ${name}=${value}`)
  return `${code}: ${message ?? ERRORS[code].text}${pairs.join('')}`
}

const CODE_BY_ID = new Map(
  Object.entries(ERRORS).map(([code, { id }]) => [id, code as ErrorCode] as const),
)

/** The code that a number on the wire stands for; UNKNOWN_SERVER_ERROR for numbers not in the table. */
export function errorCodeOf(id: number): ErrorCode {
  return CODE_BY_ID.get(id) ?? 'UNKNOWN_SERVER_ERROR'
}
