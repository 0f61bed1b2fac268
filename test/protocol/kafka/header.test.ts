// Headers before requests and responses, byte for byte.

import { describe, expect, test } from 'vitest'
import { FrameReader } from '../../../src/protocol/kafka/frame-reader.ts'
import { FrameWriter } from '../../../src/protocol/kafka/frame-writer.ts'
import { readResponse, writeRequest, writeResponse } from '../../../src/protocol/kafka/frames.ts'
import { API_VERSIONS } from '../../../src/protocol/kafka/gen/api-versions.ts'
import { HEARTBEAT } from '../../../src/protocol/kafka/gen/heartbeat.ts'
import {
  readRequestHeader,
  readResponseHeader,
  writeRequestHeader,
  writeResponseHeader,
} from '../../../src/protocol/kafka/header.ts'

function written(write: (writer: FrameWriter) => void): string {
  return new FrameWriter().collect(write).toString('hex')
}

function reader(hex: string): FrameReader {
  return new FrameReader(Buffer.from(hex, 'hex'))
}

describe('request headers', () => {
  test.each([
    ['v1', 3, 'cli', '000c0003000000070003636c69'],
    ['v1 without a client id', 3, null, '000c000300000007ffff'],
    ['v2, whose client id is of the old form', 4, 'cli', '000c0004000000070003636c6900'],
    ['v2 without a client id', 4, null, '000c000400000007ffff00'],
  ])('%s', (_, apiVersion, clientId, hex) => {
    const header = { apiKey: HEARTBEAT.key, apiVersion, correlationId: 7, clientId }
    expect(written((writer) => writeRequestHeader(writer, header))).toBe(hex)
    const read = reader(hex)
    expect(readRequestHeader(read)).toEqual(header)
    expect(read.remaining).toBe(0)
  })

  test('unknown tagged fields of a header are skipped', () => {
    const read = reader('000c000400000007ffff01050201022a')
    expect(readRequestHeader(read).correlationId).toBe(7)
    expect(read.int8()).toBe(0x2a)
  })

  test('of an API that nobody knows are read as far as they are the same in all versions', () => {
    const header = { apiKey: 999, apiVersion: 40, correlationId: 7, clientId: 'a' }
    expect(readRequestHeader(reader('03e7002800000007000161'))).toEqual(header)
    const negative = { apiKey: -1, apiVersion: -1, correlationId: 7, clientId: null }
    expect(readRequestHeader(reader('ffffffff00000007ffff'))).toEqual(negative)
  })
})

describe('response headers', () => {
  test('end in tagged fields from the first flexible version on', () => {
    expect(written((writer) => writeResponseHeader(writer, HEARTBEAT.key, 3, 7))).toBe('00000007')
    expect(written((writer) => writeResponseHeader(writer, HEARTBEAT.key, 4, 7))).toBe('0000000700')
    expect(readResponseHeader(reader('0000000700'), HEARTBEAT.key, 4)).toBe(7)
  })

  test.each([0, 2, 3, 4])('of ApiVersions version %i never do', (version) => {
    const hex = written((writer) => writeResponseHeader(writer, API_VERSIONS.key, version, 7))
    expect(hex).toBe('00000007')
    const read = reader(hex)
    expect(readResponseHeader(read, API_VERSIONS.key, version)).toBe(7)
    expect(read.remaining).toBe(0)
  })
})

describe('frames', () => {
  test('of a request hold size, header and body', () => {
    const facts = { version: 4, correlationId: 7, clientId: 'c' }
    const message = { groupId: 'g', generationId: 1, memberId: 'm' }
    const parts = writeRequest(new FrameWriter(), HEARTBEAT, facts, message)
    const body = '0267' + '00000001' + '026d' + '00' + '00'
    expect(Buffer.concat(parts).toString('hex')).toBe(`00000016000c00040000000700016300${body}`)
  })

  test('of a response come back as they were', () => {
    const message = { throttleTimeMs: 5, errorCode: 27 }
    const parts = writeResponse(new FrameWriter(), HEARTBEAT, 4, 7, message)
    const read = new FrameReader(Buffer.concat(parts), 4)
    expect(readResponse(read, HEARTBEAT, 4)).toEqual({ correlationId: 7, message })
    expect(read.remaining).toBe(0)
  })
})
