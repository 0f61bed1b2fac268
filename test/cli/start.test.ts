// `sluice start`: what it prints, and one clear sentence for each thing that is in its way.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { sluice, SluiceCommand } from '../support/sluice-command.ts'

const directory = mkdtempSync(join(tmpdir(), 'sluice-start-'))
const KAFKA = ['--kafka', '127.0.0.1:0']
const PORTS = ['--grpc', '127.0.0.1:0', '--http', '127.0.0.1:0', ...KAFKA]

afterAll(() => rmSync(directory, { recursive: true, force: true }))

test('tells people on standard output and programs on standard error; refuses a second one', async () => {
  const data = join(directory, 'data')
  const broker = new SluiceCommand(['start', '--data-dir', data, ...PORTS], '', {})
  await broker.until(({ stdout }) => stdout.includes('consume clicks'))
  const { kafka, grpc, http } =
    /Kafka +(?<kafka>\S+)\n +gRPC +(?<grpc>\S+)\n +HTTP +http:\/\/(?<http>\S+)/.exec(
      broker.stdout,
    )!.groups!
  expect(broker.stdout).toContain(`echo 'hello' | sluice produce clicks --bootstrap ${grpc}\n`)
  for (const line of broker.stderr.trim().split('\n'))
    expect(JSON.parse(line)).toHaveProperty('msg')

  const second = await Promise.all([
    sluice(['start', '--data-dir', data, ...PORTS]),
    sluice(['start', '--data-dir', join(directory, 'b'), ...PORTS, '--grpc', grpc!]),
    sluice(['start', '--data-dir', join(directory, 'c'), ...PORTS, '--http', http!]),
    sluice(['start', '--data-dir', join(directory, 'd'), ...PORTS, '--kafka', kafka!]),
  ])
  expect(second.map(({ code }) => code)).toEqual([1, 1, 1, 1])
  const told = second.map(({ stderr }) =>
    stderr.split('\n').filter((line) => !line.startsWith('{')),
  )
  expect(told).toEqual([
    [
      expect.stringMatching(
        /^sluice: another broker, process \d+, uses the data directory .*data; .*--data-dir/,
      ),
      '',
    ],
    [
      `sluice: The gRPC front can't listen on ${grpc}: address already in use; --grpc, --kafka and --http give other addresses`,
      '',
    ],
    [
      `sluice: The HTTP front can't listen on ${http}: address already in use; --grpc, --kafka and --http give other addresses`,
      '',
    ],
    [
      `sluice: The Kafka front can't listen on ${kafka}: address already in use; --grpc, --kafka and --http give other addresses`,
      '',
    ],
  ])

  broker.signal('SIGTERM')
  const { code, stderr } = await broker.ended
  expect(code).toBe(0)
  expect(stderr).toContain('"msg":"stopping"')
})

const badFile = join(directory, 'bad.yaml')
writeFileSync(badFile, 'log.retention.mss: 7d\nsegment: [1\n')

test.concurrent.each([
  [['--grpc', 'foo'], 2, /listeners\.grpc = foo \(--grpc\): Allowed is host:port/],
  [
    ['--grpc', '0.0.0.0:0'],
    2,
    /0\.0\.0\.0:0 \(--grpc\): Other machines may .* --allow-insecure-listeners/,
  ],
  [
    ['--set', 'log.retention.mss=5'],
    2,
    /log\.retention\.mss \(--set\): .*Did you mean log\.retention\.ms\?/,
  ],
  [
    ['--set', 'foo'],
    2,
    /--set <name=value>' argument 'foo' is invalid. It has the form name=value/,
  ],
  [['--config', '/nowhere.yaml'], 1, /can't read --config \/nowhere\.yaml: no such file/],
  [['--config', badFile], 2, /bad\.yaml/],
  [['--data-dir', join(badFile, 'x')], 1, /--data-dir .*bad\.yaml\/x.*: not a directory/],
])('with %j ends with %i and says why', async (flags, code, reason) => {
  const data = ['--data-dir', join(directory, 'never')]
  const result = await sluice(['start', ...data, ...PORTS, ...flags])
  expect(result.stderr).toMatch(reason)
  expect(result.stderr).not.toMatch(/^ +at /m)
  expect(result.code).toBe(code)
})
