// The gRPC listener by itself: health, reflection, limits, errors, and its end.

import http2 from 'node:http2'
import { once } from 'node:events'
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js'
import { fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { BrokerError } from '../../../src/base/errors.ts'
import { realClock } from '../../../src/io/real-clock.ts'
import { ApiCounterSet } from '../../../src/observability/api-counters.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { file_sluice_v1_produce } from '../../../src/protocol/grpc/gen/sluice/v1/produce_pb.ts'
import { PRODUCE_SERVICE } from '../../../src/protocol/grpc/services.ts'
import {
  HEALTH_FILE,
  HEALTH_SERVICE,
  REFLECTION_SERVICES,
  type ReflectionResponse,
} from '../../../src/protocol/grpc/standard-services.ts'
import { errorOfStatus } from '../../../src/protocol/grpc/status-details.ts'
import { GrpcServer } from '../../../src/server/grpc/grpc-server.ts'
import { Health } from '../../../src/server/grpc/health.ts'
import { MAX_STREAMS, WINDOW_BYTES } from '../../../src/server/grpc/http2-settings.ts'
import { Reflection } from '../../../src/server/grpc/reflection.ts'
import { eventually, framed } from '../../support/grpc-client.ts'
import { GreedyClient } from './greedy-client.ts'

let server: GrpcServer
let health: Health
let client: Client
let port: number
const apis = new ApiCounterSet()
const logged: unknown[] = []
/** How often something was left for the end of a turn. */
let turns = 0

function endOfTurn(callback: () => void): void {
  turns += 1
  realClock.endOfTurn(callback)
}

beforeEach(async () => {
  logged.length = 0
  const error = (facts: object): void => void logged.push(facts)
  server = new GrpcServer({
    clock: { ...realClock, endOfTurn },
    logger: { ...silentLogger, error },
    apis,
    maxMessageBytes: 1024 * 1024,
    maxConnections: 8,
    sendBytes: 32 * 1024 * 1024,
  })
  health = new Health(['sluice.v1.ProduceService'])
  health.addTo(server.calls)
  new Reflection([HEALTH_FILE, file_sluice_v1_produce]).addTo(server.calls)
  server.calls.unary(PRODUCE_SERVICE.produce, ({ batches }) => {
    if (batches[0]?.topic === 'bug') throw new TypeError('a secret of the code')
    if (batches[0]?.topic === 'fine') return { partitions: [] }
    throw new BrokerError('OFFSET_OUT_OF_RANGE', { topic: 'clicks', offset: 5 })
  })
  port = await server.bind('127.0.0.1:0')
  client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
})

afterEach(async () => {
  client.close()
  await server.stop(0)
})

interface Method<I, O> {
  path: string
  requestSerialize: (message: I) => Buffer
  responseDeserialize: (bytes: Buffer) => O
}

function call<I, O>(method: Method<I, O>, request: I): Promise<O> {
  const { path, requestSerialize, responseDeserialize } = method
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      (error, value) => {
        if (error === null) resolve(value!)
        else reject(error)
      },
    )
  })
}

/** Sends bytes as if they were a message. */
function callRaw(path: string, bytes: Buffer): Promise<Buffer> {
  const asIs = (value: Buffer): Buffer => value
  return call({ path, requestSerialize: asIs, responseDeserialize: asIs }, bytes)
}

async function failure(work: Promise<unknown>): Promise<ServiceError> {
  return (await work.then(
    () => expect.fail('the call succeeded'),
    (error: unknown) => error,
  )) as ServiceError
}

function errorOf(error: ServiceError): BrokerError {
  const trailer = error.metadata.get('grpc-status-details-bin')[0]
  return errorOfStatus(error.code, error.details, Buffer.isBuffer(trailer) ? trailer : null)
}

test('health says whether the broker serves, by service and as a whole', async () => {
  expect(await call(HEALTH_SERVICE.check, { service: '' })).toMatchObject({ status: 2 })
  health.setServing(true)
  expect(await call(HEALTH_SERVICE.check, { service: '' })).toMatchObject({ status: 1 })
  const one = { service: 'sluice.v1.ProduceService' }
  expect(await call(HEALTH_SERVICE.check, one)).toMatchObject({ status: 1 })
  const listed = await call(HEALTH_SERVICE.list, {})
  expect(Object.keys(listed.statuses)).toEqual(['', 'sluice.v1.ProduceService'])
  const unknown = await failure(call(HEALTH_SERVICE.check, { service: 'nobody' }))
  expect(unknown.code).toBe(status.NOT_FOUND)
})

test('a watcher is told of each change, and let go when the broker stops', async () => {
  const { path, requestSerialize, responseDeserialize } = HEALTH_SERVICE.watch
  const watch = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, {
    service: '',
  })
  watch.on('error', () => {})
  const seen: number[] = []
  watch.on('data', (answer: { status: number }) => seen.push(answer.status))
  await once(watch, 'data')
  health.setServing(true)
  await once(watch, 'data')
  expect(seen).toEqual([2, 1])

  const code = new Promise((resolve) => watch.on('status', (end) => resolve(end.code)))
  await server.stop(5_000)
  expect(await code).toBe(status.UNAVAILABLE)
})

test.each([0, 1])(
  'reflection %# names services, and gives files with what they import',
  async (n) => {
    const { path, requestSerialize, responseDeserialize } =
      REFLECTION_SERVICES[n]!.serverReflectionInfo
    const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize)
    const ask = async (name: string, value: string): Promise<ReflectionResponse> => {
      stream.write({ host: '', messageRequest: { case: name, value } as never })
      const [answer] = (await once(stream, 'data')) as [ReflectionResponse]
      return answer
    }
    const list = await ask('listServices', '*')
    expect(list.messageResponse.value).toMatchObject({
      service: [{ name: 'grpc.health.v1.Health' }, { name: 'sluice.v1.ProduceService' }],
    })

    for (const symbol of ['sluice.v1.ProduceService.Publish', 'sluice.v1.PublishRecord.record']) {
      const { messageResponse } = await ask('fileContainingSymbol', symbol)
      const { fileDescriptorProto } = messageResponse.value as { fileDescriptorProto: Uint8Array[] }
      const files = fileDescriptorProto.map(
        (file) => fromBinary(FileDescriptorProtoSchema, file).name,
      )
      expect(files).toEqual(['sluice/v1/produce.proto', 'sluice/v1/records.proto'])
    }
    expect((await ask('fileByFilename', 'sluice/v1/records.proto')).messageResponse.case).toBe(
      'fileDescriptorResponse',
    )
    expect((await ask('fileContainingSymbol', 'sluice.v1.Nothing')).messageResponse).toMatchObject({
      case: 'errorResponse',
      value: { errorCode: status.NOT_FOUND },
    })
    stream.end()
    await once(stream, 'end')
  },
)

test('answers of reflection count as large as they are', async () => {
  const { path, requestSerialize } = REFLECTION_SERVICES[0]!.serverReflectionInfo
  const value = 'sluice.v1.ProduceService.Publish'
  const request = { host: '', messageRequest: { case: 'fileContainingSymbol', value } } as const
  const files = new Reflection([HEALTH_FILE, file_sluice_v1_produce]).answer(request as never)
  const { fileDescriptorProto } = files.messageResponse.value as {
    fileDescriptorProto: Uint8Array[]
  }
  const sizeBytes = fileDescriptorProto.reduce((sum, { byteLength }) => sum + byteLength, 0)

  const greedy = await GreedyClient.connect(port, 0)
  const stream = greedy.open(path)
  for (let at = 0; at < 20; at++) stream.write(framed(requestSerialize(request as never)))
  await eventually(() => server.heldBytes >= 20 * sizeBytes)
  expect(server.heldBytes).toBe(20 * sizeBytes)
  greedy.close()
  await eventually(() => server.heldBytes === 0)
})

test('a refusal has status, sentence and details', async () => {
  const error = await failure(call(PRODUCE_SERVICE.produce, { acks: 0, timeoutMs: 0, batches: [] }))
  expect(error.code).toBe(status.OUT_OF_RANGE)
  expect(errorOf(error)).toMatchObject({
    code: 'OFFSET_OUT_OF_RANGE',
    facts: { topic: 'clicks', offset: '5' },
  })
})

test('an unexpected error is logged with its cause, and hidden from the client', async () => {
  const batches = [{ topic: 'bug', partition: 0, batch: Buffer.alloc(0) }]
  const error = await failure(call(PRODUCE_SERVICE.produce, { acks: 0, timeoutMs: 0, batches }))
  expect(error.code).toBe(status.INTERNAL)
  expect(error.message).not.toContain('secret')
  expect(logged).toMatchObject([{ err: { message: 'a secret of the code' }, api: 'Produce' }])
})

test('bytes that are no message are refused as an invalid request', async () => {
  const path = PRODUCE_SERVICE.produce.path
  for (const bytes of [Buffer.from([0xff]), Buffer.from([0x7a, 0x7f, 1]), Buffer.alloc(11, 0xff)]) {
    const error = await failure(callRaw(path, bytes))
    expect(error.code).toBe(status.INVALID_ARGUMENT)
    expect(errorOf(error).code).toBe('INVALID_REQUEST')
  }
})

test('a message over the limit is refused, and the connection serves on', async () => {
  const error = await failure(callRaw(PRODUCE_SERVICE.produce.path, Buffer.alloc(1024 * 1024 + 1)))
  expect(error.code).toBe(status.RESOURCE_EXHAUSTED)
  expect(await call(HEALTH_SERVICE.check, { service: '' })).toMatchObject({ status: 2 })
})

test('a method that is not there is unimplemented', async () => {
  const error = await failure(callRaw('/sluice.v1.ProduceService/Nothing', Buffer.alloc(0)))
  expect(error.code).toBe(status.UNIMPLEMENTED)
})

test('connections and streams have windows of 4 MiB', async () => {
  const session = http2.connect(`http://127.0.0.1:${port}`)
  await once(session, 'remoteSettings')
  expect(session.remoteSettings.initialWindowSize).toBe(WINDOW_BYTES)
  expect(session.remoteSettings.maxConcurrentStreams).toBe(MAX_STREAMS)
  // A ping comes back behind the WINDOW_UPDATE that widened the connection's window.
  await new Promise((resolve) => session.ping(resolve))
  expect(session.state.remoteWindowSize).toBe(WINDOW_BYTES)
  session.destroy()
})

test('a connection that floods is closed, and others are served', async () => {
  const session = http2.connect(`http://127.0.0.1:${port}`)
  session.on('error', () => {})
  const closed = new Promise((resolve) => session.on('close', resolve))
  const headers = {
    ':method': 'POST',
    ':path': HEALTH_SERVICE.check.path,
    'content-type': 'application/grpc',
    te: 'trailers',
  }
  for (let n = 0; n < 2_000 && !session.destroyed; n++) {
    const stream = session.request(headers)
    stream.on('error', () => {})
    stream.close(http2.constants.NGHTTP2_CANCEL)
    if (n % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await closed
  expect(await call(HEALTH_SERVICE.check, { service: '' })).toMatchObject({ status: 2 })
})

test('strange requests get an answer or an end, and the server lives', async () => {
  const session = http2.connect(`http://127.0.0.1:${port}`)
  session.on('error', () => {})
  const paths = [
    '/',
    '/sluice.v1.ProduceService/Produce',
    '/%ff',
    '/ünïcode',
    `/${'x'.repeat(500)}`,
  ]
  const types = ['application/grpc', 'application/grpc+json', 'text/plain']
  for (const path of paths) {
    for (const type of types) {
      const stream = session.request({
        ':method': 'POST',
        ':path': encodeURI(path),
        'content-type': type,
        'grpc-timeout': 'not a time',
        'grpc-encoding': 'made-up',
      })
      stream.on('error', () => {})
      stream.end(Buffer.from([1, 0, 0, 0, 2, 1, 2]))
      stream.resume()
      await once(stream, 'close')
    }
  }
  session.destroy()
  expect(await call(HEALTH_SERVICE.check, { service: '' })).toMatchObject({ status: 2 })
})

test('a method that is reserved says that the broker is starting, until it is added', async () => {
  const { publish, publishStream } = PRODUCE_SERVICE
  server.calls.reserve([publish, publishStream] as never)
  const request = { topic: 'clicks', acks: 0, timeoutMs: 0, records: [] }
  const early = await failure(call(publish, request))
  expect(early.code).toBe(status.UNAVAILABLE)
  expect(errorOf(early)).toMatchObject({ code: 'LEADER_NOT_AVAILABLE', retriable: true })

  const { path, requestSerialize, responseDeserialize } = publishStream
  const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize)
  stream.on('error', () => {})
  const code = new Promise((resolve) => stream.on('status', (end) => resolve(end.code)))
  stream.on('data', () => {})
  expect(await code).toBe(status.UNAVAILABLE)

  server.calls.unary(publish, () => ({ records: [] }))
  expect(await call(publish, request)).toEqual({ records: [] })
})

test('what is counted of an API: outcomes, bytes, latency', async () => {
  const before = apis.api('Produce').outcomes.get('OFFSET_OUT_OF_RANGE')?.value ?? 0
  await failure(call(PRODUCE_SERVICE.produce, { acks: 1, timeoutMs: 0, batches: [] }))
  const api = apis.api('Produce')
  expect(api.outcomes.get('OFFSET_OUT_OF_RANGE')!.value).toBe(before + 1)
  expect(api.bytesIn.value).toBeGreaterThan(0)
  expect(api.latencyMs.count).toBeGreaterThan(0)
})

test('others have their turn before a long list is served, and before its answer is written', async () => {
  const batch = { topic: 'fine', partition: 0, batch: Buffer.alloc(0) }
  const turnsOf = async (count: number): Promise<number> => {
    turns = 0
    const batches = Array.from({ length: count }, () => batch)
    await call(PRODUCE_SERVICE.produce, { acks: 0, timeoutMs: 0, batches })
    return turns
  }
  expect(await turnsOf(1_000)).toBe(0)
  expect(await turnsOf(1_001)).toBe(2)
})

test('who asks for too much at once is told what to do', async () => {
  const batches = Array.from({ length: 10_001 }, () => ({
    ...{ topic: 'fine', partition: 0, batch: Buffer.alloc(0) },
  }))
  const refused = call(PRODUCE_SERVICE.produce, { acks: 0, timeoutMs: 0, batches })
  await expect(refused).rejects.toMatchObject({
    code: status.INVALID_ARGUMENT,
    details: 'The request has more than 10000 elements; ask for it in several',
  })
})
