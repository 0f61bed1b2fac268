// The structured log.

import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { createLogger } from '../../src/observability/pino-logger.ts'

function collect(): { stream: { write(line: string): void }; lines: () => object[] } {
  const written: string[] = []
  return {
    stream: { write: (line) => void written.push(line) },
    lines: () => written.map((line) => JSON.parse(line) as object),
  }
}

test('a line has time, level, facts and one sentence', () => {
  const { stream, lines } = collect()
  const logger = createLogger({ format: 'json', stream })
  logger.child({ part: 'storage' }).warn({ topic: 'clicks' }, 'The log is slow')
  expect(lines()).toMatchObject([
    { level: 'warn', part: 'storage', topic: 'clicks', msg: 'The log is slow' },
  ])
  expect((lines()[0] as { time: string }).time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/)
})

test('what is below the level is not written', () => {
  const { stream, lines } = collect()
  const logger = createLogger({ format: 'json', stream, level: 'warn' })
  logger.info({}, 'no')
  logger.error({}, 'yes')
  expect(lines()).toMatchObject([{ msg: 'yes' }])
})

test('an error keeps its stack and its cause', () => {
  const { stream, lines } = collect()
  const cause = new Error('the disk is full')
  const err = new Error('could not append', { cause })
  createLogger({ format: 'json', stream }).error({ err }, 'Failed')
  expect(lines()).toMatchObject([
    { err: { message: 'could not append', cause: { message: 'the disk is full' } } },
  ])
})

test('secrets are not written, at the top or one level down', () => {
  const { stream, lines } = collect()
  const logger = createLogger({ format: 'json', stream })
  logger.info({ password: 'p1', user: { token: 'p2' } }, 'Login')
  const text = JSON.stringify(lines())
  expect(text).not.toMatch(/p1|p2/)
  expect(text).toContain('[redacted]')
})

test('people get text', () => {
  const written: string[] = []
  const stream = new Writable({
    write(line: Buffer, _encoding, done) {
      written.push(line.toString())
      done()
    },
  })
  createLogger({ format: 'text', stream }).info({ port: 9094 }, 'Listening')
  expect(written.join('')).toMatch(/INFO.*Listening.*9094/s)
})
