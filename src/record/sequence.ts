// Sequence numbers of idempotent producers: they count the records of one producer in one partition,
// from 0 to 2^31 - 1, and then from 0 again.
//
// Source: apache/kafka, DefaultRecordBatch.incrementSequence and decrementSequence.

const LARGEST = 0x7fffffff

/** The sequence `count` records behind. @param count 0 to 2^31 - 1 */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) & LARGEST
}

/** The sequence `count` records in front. @param count 0 to 2^31 - 1 */
export function sequenceBefore(sequence: number, count: number): number {
  return (sequence - count) & LARGEST
}
