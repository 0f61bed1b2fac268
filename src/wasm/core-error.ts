// What a codec of the storage core says when it gives up.

/**
 * corrupt: the bytes contradict themselves or end too early. limit: the result would be larger than
 * allowed. unsupported: well formed, but of a kind that no client of Kafka may use.
 */
export type CoreErrorReason = 'corrupt' | 'limit' | 'unsupported'

/** Numbers of assembly/reasons.ts. */
const REASONS = new Map<number, CoreErrorReason>([
  [-1, 'corrupt'],
  [-2, 'limit'],
  [-3, 'unsupported'],
])

const TEXTS: Readonly<Record<CoreErrorReason, string>> = {
  corrupt: 'compressed bytes are damaged',
  limit: 'result is over the size limit',
  unsupported: 'compressed bytes use a feature that Kafka does not allow',
}

/** A codec's refusal. It says nothing about the content. */
export class CoreError extends Error {
  override readonly name = 'CoreError'
  readonly reason: CoreErrorReason
  /** The function that refused, `lz4DecompressFrame` say. */
  readonly operation: string
  /** Bytes that it was given. */
  readonly sizeBytes: number

  constructor(reason: CoreErrorReason, operation: string, sizeBytes: number) {
    super(`${operation}: ${TEXTS[reason]} (input of ${sizeBytes} bytes)`)
    this.reason = reason
    this.operation = operation
    this.sizeBytes = sizeBytes
  }

  /** The error for a kernel's result, a number below zero. */
  static of(result: number, operation: string, sizeBytes: number): CoreError {
    const reason = REASONS.get(result)
    if (reason === undefined) throw new RangeError(`${operation} returned ${result}`)
    return new CoreError(reason, operation, sizeBytes)
  }
}
