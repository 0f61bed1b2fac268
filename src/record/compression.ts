// The compressions of a batch's records, both ways, each with a bound on what it may unpack to.
// gzip and zstd come from the runtime, lz4 and snappy from the storage core.

import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { BrokerError } from '../base/errors.ts'
import { MAX_DECOMPRESSED_BYTES } from '../base/limits.ts'
import { CoreError } from '../wasm/core-error.ts'
import type { StorageCore } from '../wasm/storage-core.ts'
import { CODECS } from './layout.ts'
import type { CodecName } from './layout.ts'

/** A codec by the name that Kafka's users know (`compression.type`). */
export type Codec = CodecName

interface Levels {
  readonly min: number
  readonly default: number
  readonly max: number
}

// Source of the levels: apache/kafka, GzipCompression and ZstdCompression.
const GZIP_LEVELS: Levels = { min: 1, default: 6, max: 9 }
const ZSTD_LEVELS: Levels = { min: -131_072, default: 3, max: 22 }

/** The levels of each codec; null where there is one way only. */
export const LEVELS: Readonly<Record<Codec, Levels | null>> = {
  none: null,
  gzip: GZIP_LEVELS,
  snappy: null,
  lz4: null,
  zstd: ZSTD_LEVELS,
}

/** By number: the table has them in order. */
const NAMES = Object.keys(CODECS) as Codec[]

/** True for the name of a codec. */
export function isCodec(name: string): name is Codec {
  return Object.hasOwn(CODECS, name)
}

/**
 * The codec of an id, as the attributes of a batch have it.
 *
 * @throws BrokerError UNSUPPORTED_COMPRESSION_TYPE for 5 to 7
 */
export function codecOf(id: number): Codec {
  const codec = NAMES[id]
  if (codec !== undefined) return codec
  throw new BrokerError('UNSUPPORTED_COMPRESSION_TYPE', { codec: id })
}

/**
 * Compresses the records of a batch as Kafka's clients do: gzip, zstd and lz4 as one frame, snappy
 * in xerial framing.
 *
 * @param level of gzip and zstd; others take none
 * @throws RangeError for a level outside LEVELS
 */
export function compress(
  core: StorageCore,
  codec: Codec,
  bytes: Uint8Array,
  level?: number,
): Uint8Array {
  checkLevel(codec, level)
  switch (codec) {
    case 'none':
      return bytes
    case 'gzip':
      return gzipSync(bytes, { level: level ?? GZIP_LEVELS.default })
    case 'snappy':
      return core.snappyCompressXerial(bytes)
    case 'lz4':
      return core.lz4CompressFrame(bytes)
    case 'zstd': {
      const compressionLevel = level ?? ZSTD_LEVELS.default
      return zstdCompressSync(bytes, {
        params: { [constants.ZSTD_c_compressionLevel]: compressionLevel },
        pledgedSrcSize: bytes.byteLength,
      })
    }
  }
}

/**
 * Unpacks the records of a batch. Reads what any of Kafka's clients writes, snappy without framing
 * among it.
 *
 * @param limitBytes most bytes of the result, 0 to MAX_DECOMPRESSED_BYTES
 * @throws BrokerError MESSAGE_TOO_LARGE when the result would be larger than `limitBytes`,
 *   CORRUPT_MESSAGE when the codec cannot read the bytes
 */
export function decompress(
  core: StorageCore,
  codec: Codec,
  bytes: Uint8Array,
  limitBytes = MAX_DECOMPRESSED_BYTES,
): Uint8Array {
  try {
    switch (codec) {
      case 'none':
        if (bytes.byteLength > limitBytes) throw new OverLimit()
        return bytes
      case 'gzip':
        return gunzip(bytes, limitBytes)
      case 'snappy':
        return core.snappyDecompress(bytes, limitBytes)
      case 'lz4':
        return core.lz4DecompressFrame(bytes, limitBytes)
      case 'zstd':
        return unzstd(bytes, limitBytes)
    }
  } catch (error) {
    throw refusalOf(error, codec, limitBytes)
  }
}

/** The result would be larger than allowed. */
class OverLimit extends Error {}

/** Results up to this size are unpacked into one piece of memory, larger ones into several. */
const MAX_PIECE_BYTES = 1024 * 1024
const MIN_PIECE_BYTES = 1024

/** Deflate never packs more bytes than this into one. */
const DEFLATE_MAX_RATIO = 1032

function gunzip(bytes: Uint8Array, limitBytes: number): Uint8Array {
  // The last four bytes say how much there is, modulo 2^32. They may lie, so they only serve to
  // refuse early, where so much can be in there, and to choose how to allocate.
  const at = bytes.byteLength - 4
  if (at < 0) throw new Error('shorter than the trailer of gzip')
  const declared = new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true)
  const possible = bytes.byteLength * DEFLATE_MAX_RATIO
  if (declared > limitBytes && declared <= possible) throw new OverLimit()
  const likely = Math.min(declared, possible)
  return gunzipSync(bytes, boundedBy(limitBytes, likely))
}

// Zstandard frame header: magic, 4 bytes, little-endian · descriptor, 1 byte: bits 7-6 size of the
// content size field, 5 single segment, 1-0 size of the dictionary id · window, 1 byte, absent in a
// single segment · dictionary id, 0, 1, 2 or 4 · content size, 0, 1, 2, 4 or 8, little-endian.
// Source: RFC 8878, section 3.1.1.1.
const ZSTD_MAGIC = 0xfd2fb528
const ZSTD_ID_BYTES = [0, 1, 2, 4]

function unzstd(bytes: Uint8Array, limitBytes: number): Uint8Array {
  const pieces: Uint8Array[] = []
  let total = 0
  let rest = bytes
  do {
    const declared = zstdContentSize(rest)
    if (declared !== null && declared > limitBytes - total) throw new OverLimit()
    const options = boundedBy(limitBytes - total, declared ?? 4 * rest.byteLength)
    const { buffer, consumed } = unzstdFrame(rest, options)
    pieces.push(buffer)
    total += buffer.byteLength
    rest = rest.subarray(consumed)
  } while (rest.byteLength > 0)
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, total)
}

/** Unpacks one frame, or several where they are small. @returns how much of `bytes` they took */
function unzstdFrame(
  bytes: Uint8Array,
  options: Bounds,
): { readonly buffer: Uint8Array; readonly consumed: number } {
  // With `info` the runtime returns its engine as well, which its types do not know.
  const result = zstdDecompressSync(bytes, { ...options, info: true }) as unknown as {
    readonly buffer: Buffer
    readonly engine: { readonly bytesWritten: number }
  }
  const consumed = result.engine.bytesWritten
  if (!(consumed > 0)) throw new Error('zstd made no progress')
  return { buffer: result.buffer, consumed }
}

/** Content size that a frame declares, or null where it does not. */
function zstdContentSize(bytes: Uint8Array): number | null {
  if (bytes.byteLength < 5) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== ZSTD_MAGIC) return null
  const descriptor = bytes[4]!
  const sizeFlag = descriptor >> 6
  const singleSegment = (descriptor & 0x20) !== 0
  const at = 5 + (singleSegment ? 0 : 1) + ZSTD_ID_BYTES[descriptor & 3]!
  if (at + 8 > bytes.byteLength) return null
  if (sizeFlag === 0) return singleSegment ? bytes[at]! : null
  if (sizeFlag === 1) return view.getUint16(at, true) + 256
  if (sizeFlag === 2) return view.getUint32(at, true)
  return Number(view.getBigUint64(at, true))
}

interface Bounds {
  readonly maxOutputLength: number
  readonly chunkSize: number
}

/** Bounds of the runtime's decoders. @param likelyBytes size of the result, as far as is known */
function boundedBy(limitBytes: number, likelyBytes: number): Bounds {
  // One byte more than the result, or the decoder asks for a second piece to find that all is done.
  const piece = Math.min(likelyBytes + 1, limitBytes + 1, MAX_PIECE_BYTES)
  // The runtime takes 1 for the lowest bound; zstdDecompressSync and gunzipSync both check it.
  return { maxOutputLength: Math.max(limitBytes, 1), chunkSize: Math.max(piece, MIN_PIECE_BYTES) }
}

function checkLevel(codec: Codec, level: number | undefined): void {
  if (level === undefined) return
  const levels = LEVELS[codec]
  if (levels === null) throw new RangeError(`${codec} has no levels`)
  if (Number.isInteger(level) && level >= levels.min && level <= levels.max) return
  throw new RangeError(`level ${level} of ${codec} is not in ${levels.min} to ${levels.max}`)
}

function refusalOf(error: unknown, codec: Codec, limitBytes: number): BrokerError {
  if (isOverLimit(error)) {
    const message = 'Compressed records unpack to more than the limit'
    return new BrokerError('MESSAGE_TOO_LARGE', { message, codec, limitBytes })
  }
  const message = 'Compressed records cannot be unpacked'
  return new BrokerError('CORRUPT_MESSAGE', { message, codec }, error)
}

function isOverLimit(error: unknown): boolean {
  if (error instanceof OverLimit) return true
  if (error instanceof CoreError) return error.reason === 'limit'
  return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
}
