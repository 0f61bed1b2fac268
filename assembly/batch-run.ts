// Batches that follow each other, as they stand in a log and are sent to a reader: header and checksum of
// each, and whether their offsets rise. One call for all of them: of a small batch the call would cost as
// much as its checksum.
//
//   results   slot  0 to 11 header of the batch at which the run ended: batch-result.ts
//                  16 bytes of the batches in front of it
//                  17 of these, batches that have the first offset asked for, or lie above it
//                  18 bytes of those that lie below it
//                  19 offset behind the last

import { checkBatch } from './batch';
import { report } from './batch-result';
import { RESULTS } from './arena';

/** A batch begins below the end of the one in front of it. */
const BEHIND: i32 = -12;
/** A batch reaches the offset at which the run has to end. */
const BEYOND: i32 = -13;

const DEPTH_HEADER: u32 = 0;

/**
 * Checks batches one after the other.
 *
 * @param at         address of the first one's first byte
 * @param available  bytes from there on
 * @param limit      largest batch accepted, in bytes
 * @param minOffset  the first may not begin below it
 * @param fromOffset first offset asked for
 * @param endOffset  batches with this offset or a later one are not taken
 * @returns 0 when the bytes end with a batch, or why the run ended before: a fault of checkBatch, or one of those
 *   above
 */
export function checkBatches(
  at: usize,
  available: usize,
  limit: u32,
  minOffset: f64,
  fromOffset: f64,
  endOffset: f64,
): i32 {
  let taken: usize = 0;
  let count: u32 = 0;
  let skipped: usize = 0;
  let next = minOffset;
  let fault: i32 = 0;
  while (taken < available) {
    fault = checkBatch(at + taken, available - taken, limit, DEPTH_HEADER);
    if (fault != 0) break;
    const base = result(1);
    const last = base + result(5);
    fault = base < next ? BEHIND : last >= endOffset ? BEYOND : 0;
    if (fault != 0) break;
    next = last + 1;
    taken += <usize>result(0);
    if (last >= fromOffset) count += 1;
    else skipped = taken;
  }
  report(16, <f64>taken);
  report(17, <f64>count);
  report(18, <f64>skipped);
  report(19, next);
  return fault;
}

// @ts-ignore: decorator
@inline
function result(slot: usize): f64 {
  return load<f64>(RESULTS + (slot << 3));
}
