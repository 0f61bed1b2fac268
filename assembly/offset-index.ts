// Search over the offset index of one segment, and its entries.
//
//   byte 0          4          8        Entries follow each other with no gap. Both fields are
//        +----------+----------+        big-endian, so the file is Kafka's own .index file.
//        | relative | position |        relative: offset - segment base offset, strictly rising
//        +----------+----------+        position: where that batch starts in the .log file, bytes
//
// Source: apache/kafka, OffsetIndex.java, class comment.

/** Bytes in one entry. */
const ENTRY_BYTES: usize = 8;

/**
 * Finds the last entry at or below an offset.
 *
 * @param entries  address of entry 0; read only
 * @param count    entries present, 0 or more
 * @param relative offset to find, relative to the segment's base offset
 * @returns slot in [0, count), or -1 when no entry is at or below `relative`
 */
export function floorOffsetSlot(entries: usize, count: u32, relative: u32): i32 {
  let low: u32 = 0;
  let high: u32 = count;
  // Invariant: every slot < low is at or below `relative`; every slot >= high is above it.
  while (low < high) {
    const middle = low + ((high - low) >>> 1);
    if (relativeAt(entries, middle) <= relative) low = middle + 1;
    else high = middle;
  }
  return <i32>low - 1;
}

/**
 * Writes the entry of a slot.
 *
 * @param position where the batch starts in the .log file, in bytes
 */
export function putOffsetEntry(entries: usize, slot: u32, relative: u32, position: u32): void {
  const entry = entries + <usize>slot * ENTRY_BYTES;
  store<u32>(entry, bswap<u32>(relative));
  store<u32>(entry, bswap<u32>(position), 4);
}

// @ts-ignore: decorator
@inline
function relativeAt(entries: usize, slot: u32): u32 {
  return bswap<u32>(load<u32>(entries + <usize>slot * ENTRY_BYTES));
}
