// The codecs that kafkajs leaves to its users: snappy, lz4 and zstd, in the forms of Kafka.

import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import kafkajs from 'kafkajs'
import { compressFrameSync, decompressFrameSync } from 'lz4-napi'
import { compressSync, uncompressSync } from 'snappy'

/** Gives them to kafkajs, which throws at a batch of a codec that it does not know. */
export function registerCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs
  Object.assign(CompressionCodecs, {
    [CompressionTypes.Snappy]: snappy,
    [CompressionTypes.LZ4]: lz4,
    [CompressionTypes.ZSTD]: zstd,
  })
}

/** A codec as kafkajs wants it. */
interface KafkajsCodec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>
  decompress(bytes: Buffer): Promise<Buffer>
}

const zstd = codec(
  (bytes) => zstdCompressSync(bytes),
  (bytes) => zstdDecompressSync(bytes),
)

const lz4 = codec(
  (bytes) => compressFrameSync(bytes),
  (bytes) => decompressFrameSync(bytes),
)

/** As Java's clients frame it: magic, two versions, then blocks, each after its size. */
const SNAPPY_HEADER = Buffer.from('82534e41505059000000000100000001', 'hex')

const snappy = codec(
  (bytes) => {
    const block = compressSync(bytes)
    const size = Buffer.alloc(4)
    size.writeUInt32BE(block.byteLength)
    return Buffer.concat([SNAPPY_HEADER, size, block])
  },
  (bytes) => {
    if (!bytes.subarray(0, 8).equals(SNAPPY_HEADER.subarray(0, 8))) return uncompress(bytes)
    const blocks: Buffer[] = []
    for (let at = SNAPPY_HEADER.byteLength; at < bytes.byteLength;) {
      const end = at + 4 + bytes.readUInt32BE(at)
      blocks.push(uncompress(bytes.subarray(at + 4, end)))
      at = end
    }
    return Buffer.concat(blocks)
  },
)

function uncompress(block: Buffer): Buffer {
  return uncompressSync(block, { asBuffer: true }) as Buffer
}

function codec(compress: (bytes: Buffer) => Buffer, decompress: (bytes: Buffer) => Buffer) {
  return (): KafkajsCodec => ({
    compress: async (encoder) => compress(encoder.buffer),
    decompress: async (bytes) => decompress(bytes),
  })
}
