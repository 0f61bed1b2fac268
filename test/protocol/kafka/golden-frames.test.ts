// Every frame that went between a real client and a real Kafka broker is read, and written again
// to the same bytes.

import { describe, expect, test } from 'vitest'
import { apiOf } from '../../../src/protocol/kafka/api-table.ts'
import { FrameReader } from '../../../src/protocol/kafka/frame-reader.ts'
import { FrameWriter } from '../../../src/protocol/kafka/frame-writer.ts'
import {
  readRequestHeader,
  readResponseHeader,
  writeRequestHeader,
  writeResponseHeader,
} from '../../../src/protocol/kafka/header.ts'
import { APIS } from '../../../src/protocol/kafka/gen/apis.ts'
import { API_KEYS } from '../../../src/protocol/kafka/gen/api-keys.ts'
import { type GoldenFrame, goldenFrames } from './golden-frames.ts'

/** Versions of which no codec exists: the server answers those with version 0. */
function answeredVersion({ apiKey, version }: GoldenFrame): number {
  const { maxVersion } = apiOf(apiKey)!
  return apiKey === API_KEYS.ApiVersions && version > maxVersion ? 0 : version
}

/** Reads a frame and writes what was read. */
function rewrite(frame: GoldenFrame): { bytes: Buffer; remaining: number } {
  const api = apiOf(frame.apiKey)!
  const reader = new FrameReader(frame.bytes)
  const writer = new FrameWriter()
  writer.beginFrame()
  if (frame.direction === 'request') {
    const header = readRequestHeader(reader)
    expect(header).toMatchObject({ apiKey: frame.apiKey, apiVersion: frame.version })
    writeRequestHeader(writer, header)
    api.request.write(writer, api.request.read(reader, frame.version) as never, frame.version)
  } else {
    const version = answeredVersion(frame)
    const correlationId = readResponseHeader(reader, api.key, version)
    writeResponseHeader(writer, api.key, version, correlationId)
    api.response.write(writer, api.response.read(reader, version) as never, version)
  }
  return { bytes: Buffer.concat(writer.endFrame()).subarray(4), remaining: reader.remaining }
}

const FRAMES = goldenFrames()

describe.each([...new Set(FRAMES.map(({ client }) => client))])('%s', (client) => {
  const frames = FRAMES.filter((frame) => frame.client === client && apiOf(frame.apiKey))
  test.each(frames)('$direction of API $apiKey version $version ($#)', (frame) => {
    const { bytes, remaining } = rewrite(frame)
    expect(remaining).toBe(0)
    expect(bytes.toString('hex')).toBe(frame.bytes.toString('hex'))
  })
})

test.each(['request', 'response'])('there is a %s of every API', (direction) => {
  const frames = FRAMES.filter((frame) => frame.direction === direction)
  const seen = new Set(frames.map(({ apiKey }) => apiKey))
  expect(APIS.filter(({ key }) => !seen.has(key)).map(({ name }) => name)).toEqual([])
})
