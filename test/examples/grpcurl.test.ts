// examples/grpcurl.sh against a real broker: nothing but reflection.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isInstalled, prepared, ROOT, runCommand } from '../support/commands.ts'
import { GO_ENV, goMissing } from '../support/go.ts'
import { TestBroker } from '../support/test-broker.ts'

const VERSION = 'v1.9.3'
const BUILT = join(ROOT, 'build/go/bin/grpcurl')
const PREPARE_MS = 900_000

let grpcurl = 'grpcurl'

const missing = await prepared('the grpcurl example', async () => {
  if (isInstalled('grpcurl', '-version')) return null
  grpcurl = BUILT
  if (existsSync(BUILT)) return null
  const reason = goMissing()
  if (reason !== null) return `there is no grpcurl, and ${reason} to build it`
  const module = `github.com/fullstorydev/grpcurl/cmd/grpcurl@${VERSION}`
  await runCommand('go', ['install', module], { env: GO_ENV })
  return null
})

let broker: TestBroker

beforeAll(async () => {
  broker = await TestBroker.start()
}, PREPARE_MS)

afterAll(async () => {
  await broker.remove()
})

test.skipIf(missing !== null)('a topic is made, written, read and deleted', async () => {
  const script = join(ROOT, 'examples/grpcurl.sh')
  const output = await runCommand('sh', [script, broker.bootstrap], { env: { GRPCURL: grpcurl } })
  for (const service of ['AdminService', 'FetchService', 'GroupService', 'ProduceService']) {
    expect(output).toContain(`sluice.v1.${service}`)
  }
  expect(output).toContain('grpc.health.v1.Health')
  // "hello", "world" and "user-1", as JSON has bytes.
  for (const text of ['aGVsbG8=', 'd29ybGQ=', 'dXNlci0x']) expect(output).toContain(text)
  expect(output).toMatch(/"offset": "1"/)
})
