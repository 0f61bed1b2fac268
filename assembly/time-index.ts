// Search over the time index of one segment, and its entries.
//
//   byte 0                    8          12   Entries follow each other with no gap; big-endian, so
//        +--------------------+----------+    the file is Kafka's own .timeindex file.
//        | timestamp          | relative |    timestamp: largest so far, rising, milliseconds
//        +--------------------+----------+    relative: its record's offset - segment base offset
//
// Source: apache/kafka, TimeIndex.java, class comment.

/** Bytes in one entry. */
const ENTRY_BYTES: usize = 12;

/**
 * Finds the last entry at or below a timestamp.
 *
 * @param entries   address of entry 0; read only
 * @param count     entries present, 0 or more
 * @param timestamp milliseconds, a whole number within ±(2^53 - 1)
 * @returns slot in [0, count), or -1 when no entry is at or below `timestamp`
 */
export function floorTimeSlot(entries: usize, count: u32, timestamp: f64): i32 {
  const wanted = <i64>timestamp;
  let low: u32 = 0;
  let high: u32 = count;
  // Invariant: every slot < low is at or below `wanted`; every slot >= high is above it.
  while (low < high) {
    const middle = low + ((high - low) >>> 1);
    if (timestampAt(entries, middle) <= wanted) low = middle + 1;
    else high = middle;
  }
  return <i32>low - 1;
}

/**
 * Writes the entry of a slot.
 *
 * @param timestamp milliseconds, a whole number within ±(2^53 - 1)
 */
export function putTimeEntry(entries: usize, slot: u32, timestamp: f64, relative: u32): void {
  const entry = entries + <usize>slot * ENTRY_BYTES;
  store<u64>(entry, bswap<u64>(<u64>(<i64>timestamp)));
  store<u32>(entry, bswap<u32>(relative), 8);
}

// @ts-ignore: decorator
@inline
function timestampAt(entries: usize, slot: u32): i64 {
  return <i64>bswap<u64>(load<u64>(entries + <usize>slot * ENTRY_BYTES));
}
