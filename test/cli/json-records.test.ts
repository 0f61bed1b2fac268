// Records as lines of JSON: what is written is read back, and mistakes are named.

import { describe, expect, test } from 'vitest'
import { formatJsonRecord, parseJsonRecord } from '../../src/cli/json-records.ts'
import type { ConsumerRecord } from '../../src/client/index.ts'

function parse(text: string): ReturnType<typeof parseJsonRecord> {
  return parseJsonRecord(Buffer.from(text))
}

function bytes(value: Uint8Array | string | null): Buffer | null {
  return value === null ? null : Buffer.from(value as string)
}

function recordOf(fields: Partial<ConsumerRecord>): ConsumerRecord {
  return {
    ...{ topic: 't', partition: 2, offset: 7, timestamp: 1_700_000_000_000 },
    ...{ key: null, value: null, headers: [] },
    ...fields,
  } as ConsumerRecord
}

describe('a record that is written and read', () => {
  test.each([
    ['nothing', null],
    ['no bytes', Buffer.alloc(0)],
    ['text', Buffer.from('größer, "quoted", \n and 😀')],
    ['a byte order mark', Buffer.from([0xef, 0xbb, 0xbf, 0x61])],
    ['bytes that are no UTF-8', Buffer.from([0xff, 0x00, 0xc3])],
    ['a lone surrogate as some encode it', Buffer.from([0xed, 0xa0, 0x80])],
    ['zeros', Buffer.alloc(4)],
  ])('keeps %s in key, value and headers', (_, content) => {
    const headers = [
      { key: 'a', value: content },
      { key: 'a', value: null },
    ]
    const line = formatJsonRecord(recordOf({ key: content, value: content, headers }))
    expect(line).not.toContain('\n')
    const read = parse(line)
    expect(bytes(read.key)).toEqual(content)
    expect(bytes(read.value)).toEqual(content)
    expect(read.headers.map(({ key, value }) => [key, bytes(value)])).toEqual([
      ['a', content],
      ['a', null],
    ])
    expect(read).toMatchObject({ partition: 2, timestamp: 1_700_000_000_000 })
  })

  test('has bytes in base64 only where they are no text', () => {
    const record = recordOf({ key: Buffer.from([0xff]), value: Buffer.from('v') })
    expect(JSON.parse(formatJsonRecord(record))).toEqual({
      ...{ topic: 't', partition: 2, offset: 7, timestamp: 1_700_000_000_000 },
      ...{ keyBase64: '/w==', value: 'v' },
    })
  })
})

describe('a line that people write', () => {
  test('needs a value only, and takes other JSON as its text', () => {
    expect(parse('{"value":{"x":[1]}}')).toEqual({ key: null, value: '{"x":[1]}', headers: [] })
    expect(parse('{"key":7,"value":false}')).toEqual({ key: '7', value: 'false', headers: [] })
    expect(parse('{}')).toEqual({ key: null, value: null, headers: [] })
  })

  test('may have headers as an object, and base64 without its padding', () => {
    expect(parse('{"headers":{"a":"b","n":null,"x":1}}').headers).toEqual([
      { key: 'a', value: 'b' },
      { key: 'n', value: null },
      { key: 'x', value: '1' },
    ])
    expect(parse('{"valueBase64":"/w"}').value).toEqual(Buffer.from([0xff]))
  })

  test.each([
    ['nojson', 'it is no JSON: '],
    ['[1]', 'it is no JSON object; --format lines takes any line as it is'],
    ['null', 'it is no JSON object'],
    ['{"value":"x","tstamp":1}', 'a record has no field "tstamp"; it has key, '],
    ['{"timestamp":"noon"}', 'timestamp is milliseconds since 1970, not "noon"'],
    ['{"timestamp":-1}', 'timestamp is milliseconds since 1970, not -1'],
    ['{"partition":1.5}', 'partition is a number of 0 or more, not 1.5'],
    ['{"valueBase64":"a!b"}', 'valueBase64 is no base64'],
    ['{"valueBase64":7}', 'valueBase64 is no base64'],
    ['{"value":"x","valueBase64":"eA=="}', 'value and valueBase64 are both given'],
    ['{"headers":"a"}', 'headers is an object, or a list of headers'],
    ['{"headers":[{"value":"x"}]}', 'a header in a list has the form {"name": "…", "value": …}'],
    ['{"headers":[null]}', 'a header in a list has the form'],
    ['{"headers":[{"name":"a","values":1}]}', 'no field "values"'],
  ])('is refused: %s', (line, reason) => {
    expect(() => parse(line)).toThrow(reason)
  })
})
