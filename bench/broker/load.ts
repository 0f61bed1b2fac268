// Load on a broker, and on the ceilings beside it: as many batches as fit in a time, so many in flight.

import { closeSync, fdatasyncSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { Client, credentials, type ClientDuplexStream } from '@grpc/grpc-js'
import { openTransport } from '../../src/client/open-transport.ts'
import type { ReadyBatch } from './batches.ts'
import { CEILING_METHODS } from './ceiling-methods.ts'
import { newLatencies, timed, type Run } from './measure.ts'

export interface Load {
  readonly batch: ReadyBatch
  /** Connections at the same time. */
  readonly producers: number
  /** Batches that wait for their acknowledgement, of all producers together. */
  readonly inFlight: number
  readonly seconds: number
}

/** Where a server is, and which process it is. */
export interface Target {
  readonly address: string
  readonly pid: number
}

const WINDOW_BYTES = 4 * 1024 * 1024

/** A connection that takes batches and calls back for each that is acknowledged, in order. */
interface Lane {
  send(): void
  close(): void
}

type OpenLane = (acknowledged: () => void, failed: (error: Error) => void) => Lane

/** Keeps lanes full for a time, then waits for what is in flight. */
async function drive(load: Load, pid: number, openLane: OpenLane): Promise<Run> {
  const latency = newLatencies()
  const lanes: Lane[] = []
  let batches = 0
  const work = (): Promise<void> => {
    const perLane = Math.max(1, Math.floor(load.inFlight / load.producers))
    const end = performance.now() + load.seconds * 1_000
    const all = Array.from({ length: load.producers }, () => {
      return new Promise<void>((resolve, reject) => {
        const sentAt: number[] = []
        let waiting = 0
        const send = (): void => {
          sentAt.push(performance.now())
          waiting += 1
          lane.send()
        }
        const lane = openLane(() => {
          const now = performance.now()
          latency.record(Math.max(1, Math.round((now - sentAt.shift()!) * 1_000)))
          batches += 1
          waiting -= 1
          if (now < end) send()
          else if (waiting === 0) resolve()
        }, reject)
        lanes.push(lane)
        for (let count = 0; count < perLane; count++) send()
      })
    })
    return Promise.all(all).then(() => {})
  }
  try {
    return await timed(
      pid,
      async () => {
        await work()
        const { bytes, recordCount } = load.batch
        return { batches, bytes: batches * bytes.byteLength, records: batches * recordCount }
      },
      latency,
    )
  } finally {
    for (const lane of lanes) lane.close()
  }
}

/** Produces to a topic over ProduceStream. Each producer has a partition of its own. */
export function produceLoad(load: Load, target: Target, topic: string): Promise<Run> {
  let partition = 0
  return drive(load, target.pid, (acknowledged, failed) => {
    const transport = openTransport({ bootstrap: [target.address] })
    const batches = [{ topic, partition: partition++, batch: load.batch.bytes }]
    let number = 0
    let closed = false
    const stream = transport.openProduceStream({
      acked: (_, [produced]) => {
        if (produced!.error === null) acknowledged()
        else failed(produced!.error)
      },
      closed: (error) => {
        if (!closed) failed(error)
      },
    })
    return {
      send: () =>
        stream.send({
          number: number++,
          acks: 'all',
          timeoutMs: 30_000,
          transaction: null,
          batches,
        }),
      close: () => {
        closed = true
        stream.cancel()
        transport.close()
      },
    }
  })
}

/** The same messages to a server that only acknowledges them, or only sends them back. */
export function produceCeiling(
  load: Load,
  target: Target,
  method: 'produce' | 'echo',
): Promise<Run> {
  return drive(load, target.pid, (acknowledged) => {
    const client = openClient(target)
    const { path, requestSerialize, responseDeserialize } = CEILING_METHODS[method]
    const call: ClientDuplexStream<Buffer, Buffer> = client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
    )
    call.on('data', acknowledged)
    call.on('error', () => {})
    return { send: () => call.write(load.batch.bytes), close: () => close(client, call) }
  })
}

/** Reads a topic's partitions over FetchStream, from the beginning again and again. */
export function consumeLoad(load: Load, target: Target, topic: string): Promise<Run> {
  const latency = newLatencies()
  let bytes = 0
  const work = (): Promise<void> => {
    const all = Array.from({ length: load.producers }, (_, partition) => {
      return new Promise<void>((resolve, reject) => {
        const transport = openTransport({ bootstrap: [target.address] })
        const end = performance.now() + load.seconds * 1_000
        let tag = 0
        let nextOffset = 0
        let ended = false
        const start = { kind: 'earliest' } as const
        const stream = transport.openFetchStream('read_uncommitted', {
          batches: (event) => {
            if (ended || event.tag !== tag) return
            bytes += event.batches.byteLength
            stream.credit(event.batches.byteLength)
            nextOffset = endOffset(event.batches)
            if (nextOffset >= event.highWatermark) {
              stream.seek({ topic, partition, start, tag: ++tag })
            }
            if (performance.now() < end) return
            ended = true
            stream.cancel()
            transport.close()
            resolve()
          },
          state: ({ error }) => {
            if (error !== null) reject(error)
          },
          heartbeat: () => {},
          closed: (error) => {
            if (!ended) reject(error)
          },
        })
        stream.assign([{ topic, partition, start, tag }])
        stream.credit(WINDOW_BYTES)
      })
    })
    return Promise.all(all).then(() => {})
  }
  return timed(
    target.pid,
    async () => {
      await work()
      const batches = bytes / load.batch.bytes.byteLength
      return { batches, bytes, records: batches * load.batch.recordCount }
    },
    latency,
  )
}

/** The offset after the last of whole batches. */
function endOffset(batches: Buffer): number {
  let last = 0
  for (let at = 0; at < batches.byteLength;) {
    last = at
    at += 12 + batches.readInt32BE(at + 8)
  }
  return Number(batches.readBigInt64BE(last)) + batches.readInt32BE(last + 23) + 1
}

/** A server stream that only sends, in messages of `messageBytes`. */
export function fetchCeiling(load: Load, target: Target, messageBytes: number): Promise<Run> {
  const latency = newLatencies()
  let bytes = 0
  const work = (): Promise<void> => {
    const all = Array.from({ length: load.producers }, () => {
      return new Promise<void>((resolve) => {
        const client = openClient(target)
        const request = Buffer.alloc(4)
        request.writeUInt32BE(messageBytes)
        const end = performance.now() + load.seconds * 1_000
        const { path, requestSerialize, responseDeserialize } = CEILING_METHODS.fetch
        const call = client.makeServerStreamRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
        )
        call.on('error', () => {})
        call.on('data', (message: Buffer) => {
          bytes += message.byteLength
          if (performance.now() < end) return
          call.removeAllListeners('data')
          close(client, call)
          resolve()
        })
      })
    })
    return Promise.all(all).then(() => {})
  }
  return timed(
    target.pid,
    async () => {
      await work()
      const batches = bytes / load.batch.bytes.byteLength
      return { batches, bytes, records: batches * load.batch.recordCount }
    },
    latency,
  )
}

/** Appends the same bytes to a file, and syncs none of them. */
export function appendCeiling(load: Load, path: string): Promise<Run> {
  const latency = newLatencies()
  return timed(
    null,
    () => {
      const file = openSync(path, 'w')
      const { bytes, recordCount } = load.batch
      const end = performance.now() + load.seconds * 1_000
      let batches = 0
      let position = 0
      while (performance.now() < end) {
        writeSync(file, bytes, 0, bytes.byteLength, position)
        batches += 1
        position += bytes.byteLength
        // The same pages again and again, as the broker's with its small retention.
        if (position > 192e6) position = 0
      }
      ftruncateSync(file, 0)
      fdatasyncSync(file)
      closeSync(file)
      const total = batches * bytes.byteLength
      return Promise.resolve({ batches, bytes: total, records: batches * recordCount })
    },
    latency,
  )
}

function openClient({ address }: Target): Client {
  return new Client(address, credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
    'grpc-node.flow_control_window': WINDOW_BYTES,
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_channelz': 0,
  })
}

function close(client: Client, call: { cancel(): void }): void {
  call.cancel()
  client.close()
}
