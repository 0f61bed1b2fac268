// Frames between real clients and a real broker (test/golden/kafka-frames/README.md).

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { apiOf } from '../../../src/protocol/kafka/api-table.ts'
import { FrameReader } from '../../../src/protocol/kafka/frame-reader.ts'
import { readRequestHeader, readResponseHeader } from '../../../src/protocol/kafka/header.ts'

const FOLDER = fileURLToPath(new URL('../../golden/kafka-frames', import.meta.url))

export interface GoldenFrame {
  readonly client: string
  readonly direction: 'request' | 'response'
  readonly apiKey: number
  /** Of the request; an ApiVersions response may be of another. */
  readonly version: number
  /** Header and body, without the size. */
  readonly bytes: Buffer
}

export function goldenFrames(): GoldenFrame[] {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.txt'))
  return files.sort().flatMap((file) => {
    const lines = readFileSync(join(FOLDER, file), 'utf8').trimEnd().split('\n')
    return lines.map((line) => {
      const [direction, apiKey, version, hex] = line.split(' ')
      return {
        client: file.replace('.txt', ''),
        direction: direction as GoldenFrame['direction'],
        apiKey: Number(apiKey),
        version: Number(version),
        bytes: Buffer.from(hex!, 'hex'),
      }
    })
  })
}

/** The frames without their headers, as far as there are codecs for them. */
export function goldenBodies(frames: readonly GoldenFrame[]): GoldenFrame[] {
  return frames.filter(isKnown).map((frame) => {
    const reader = new FrameReader(frame.bytes)
    if (frame.direction === 'request') readRequestHeader(reader)
    else readResponseHeader(reader, frame.apiKey, frame.version)
    return { ...frame, bytes: frame.bytes.subarray(reader.position) }
  })
}

export function isKnown({ apiKey, version }: GoldenFrame): boolean {
  const api = apiOf(apiKey)
  return api !== undefined && version >= api.minVersion && version <= api.maxVersion
}
