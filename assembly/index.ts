// The whole surface of the storage core. src/wasm/core-module.ts lists the same functions.
//
// Every function works on addresses of one memory, runs to its end, allocates nothing and throws
// nothing: a number below zero says why it gave up. Memory: arena.ts.

export { INPUT, INPUT_BYTES, OUTPUT, OUTPUT_BYTES, RESULTS } from './arena';
export { checkBatch } from './batch';
export { checkBatches } from './batch-run';
export { crc32c } from './crc32c';
export { keepRecords, shiftTimestamps } from './keep-records';
export { keyMapClear, keyMapInit, keyMapPutRecords, keyMapSize } from './key-map';
export { lz4Bound, lz4Compress, lz4Decompress } from './lz4';
export { lz4FrameBound, lz4FrameCompress, lz4FrameDecompress } from './lz4-frame';
export { floorOffsetSlot, putOffsetEntry } from './offset-index';
export { checkRecords } from './records';
export { snappyBound, snappyCompress } from './snappy';
export { snappyDecompressAny, xerialBound, xerialCompress } from './snappy-framing';
export { floorTimeSlot, putTimeEntry } from './time-index';
export { touchKeys } from './touch-keys';
export { xxh32 } from './xxhash32';
