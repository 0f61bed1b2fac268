// Load on a listener: ready-made frames over raw sockets, so many in flight, as many as fit in a time.

import net from 'node:net'
import { BATCH_LENGTH, LENGTH_OVERHEAD } from '../../src/record/layout.ts'
import { FrameReader } from '../../src/protocol/kafka/frame-reader.ts'
import { FrameWriter } from '../../src/protocol/kafka/frame-writer.ts'
import { readResponse, writeRequest } from '../../src/protocol/kafka/frames.ts'
import { FETCH } from '../../src/protocol/kafka/gen/fetch.ts'
import { PRODUCE } from '../../src/protocol/kafka/gen/produce.ts'
import type { ReadyBatch } from '../broker/batches.ts'
import { newLatencies, timed, type Run } from '../broker/measure.ts'

export interface Load {
  readonly topic: string
  readonly batch: ReadyBatch
  /** 1 or -1. */
  readonly acks: number
  readonly connections: number
  /** Requests that are not answered, of each connection. */
  readonly inFlight: number
  readonly seconds: number
}

/** Where a server is, and which process it is. */
export interface Target {
  readonly port: number
  readonly pid: number
}

/** A Produce request whose client id says where its batch begins. */
export function produceFrame(
  { topic, batch, acks }: Pick<Load, 'topic' | 'batch' | 'acks'>,
  partition: number,
): Buffer {
  const frameOf = (clientId: string): Buffer => {
    const facts = { version: 7, correlationId: 1, clientId }
    const partitionData = [{ index: partition, records: batch.bytes }]
    const message = { acks, timeoutMs: 30_000, topicData: [{ name: topic, partitionData }] }
    return Buffer.concat(writeRequest(new FrameWriter(), PRODUCE, facts, message))
  }
  const headBytes = frameOf('000').byteLength - 4 - batch.bytes.byteLength
  return frameOf(String(headBytes).padStart(3, '0'))
}

/** Calls back for every frame of answers. What it throws is an error of the socket. */
export function onFrames(socket: net.Socket, frame: (bytes: Buffer) => void): void {
  let chunks: Buffer[] = []
  let arrivedBytes = 0
  /** Bytes to wait for: the size of a frame, or a whole one. */
  let wantedBytes = 4
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    arrivedBytes += chunk.byteLength
    while (arrivedBytes >= wantedBytes) {
      const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
      chunks = [bytes]
      wantedBytes = 4 + bytes.readInt32BE(0)
      if (bytes.byteLength < wantedBytes) return
      chunks = [bytes.subarray(wantedBytes)]
      arrivedBytes -= wantedBytes
      try {
        frame(bytes.subarray(4, wantedBytes))
      } catch (error) {
        socket.destroy(error as Error) // so that whoever waits for the socket hears of it
        return
      }
      wantedBytes = 4
    }
  })
}

export async function open(port: number): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1')
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  socket.setNoDelay(true)
  return socket
}

/** Produces for a time. @param checked false: answers are the prototype's, of which nothing is read */
export function produceLoad(load: Load, target: Target, checked: boolean): Promise<Run> {
  const latency = newLatencies()
  const work = async (): Promise<{ batches: number; bytes: number; records: number }> => {
    const sockets = await Promise.all(
      Array.from({ length: load.connections }, () => open(target.port)),
    )
    const end = performance.now() + load.seconds * 1_000
    let batches = 0
    await Promise.all(
      sockets.map((socket, partition) => {
        const frame = produceFrame(load, partition)
        return new Promise<void>((resolve, reject) => {
          const sentAt: number[] = []
          const send = (): void => {
            sentAt.push(performance.now())
            socket.write(frame)
          }
          socket.once('error', reject)
          onFrames(socket, (answer) => {
            const now = performance.now()
            if (checked) checkProduced(answer)
            latency.record(Math.max(1, Math.round((now - sentAt.shift()!) * 1_000)))
            batches += 1
            if (now < end) send()
            else if (sentAt.length === 0) resolve()
          })
          for (let count = 0; count < load.inFlight; count++) send()
        })
      }),
    )
    for (const socket of sockets) socket.destroy()
    const { bytes, recordCount } = load.batch
    return { batches, bytes: batches * bytes.byteLength, records: batches * recordCount }
  }
  return timed(target.pid, work, latency)
}

/** @throws Error when it says that the batch was refused */
export function checkProduced(answer: Buffer): void {
  const { message } = readResponse(FrameReader.ofResponse(answer), PRODUCE, 7)
  const { errorCode } = message.responses[0]!.partitionResponses[0]!
  if (errorCode !== 0) throw new Error(`produce was refused with ${errorCode}`)
}

/** Reads a topic from its start again and again for a time, a partition a connection. */
export function fetchLoad(load: Load, target: Target, fetchBytes: number): Promise<Run> {
  const latency = newLatencies()
  const work = async (): Promise<{ batches: number; bytes: number; records: number }> => {
    const end = performance.now() + load.seconds * 1_000
    let [batches, bytes] = [0, 0]
    const sockets = await Promise.all(
      Array.from({ length: load.connections }, () => open(target.port)),
    )
    await Promise.all(
      sockets.map((socket, partition) => {
        const writer = new FrameWriter()
        let fetchOffset = 0
        let sentAt = 0
        const send = (): void => {
          const facts = { version: 11, correlationId: 1, clientId: 'bench' }
          const asked = [{ partition, fetchOffset, partitionMaxBytes: fetchBytes }]
          const message = {
            ...{ maxWaitMs: 0, minBytes: 1, maxBytes: fetchBytes, isolationLevel: 0 },
            topics: [{ topic: load.topic, partitions: asked }],
          }
          sentAt = performance.now()
          socket.write(Buffer.concat(writeRequest(writer, FETCH, facts, message)))
        }
        return new Promise<void>((resolve, reject) => {
          socket.once('error', reject)
          onFrames(socket, (answer) => {
            const now = performance.now()
            latency.record(Math.max(1, Math.round((now - sentAt) * 1_000)))
            const { message } = readResponse(FrameReader.ofResponse(answer), FETCH, 11)
            const { errorCode, logStartOffset, records } = message.responses[0]!.partitions[0]!
            if (errorCode !== 0) throw new Error(`fetch was refused with ${errorCode}`)
            bytes += records!.byteLength
            batches += batchesIn(records!)
            const next = nextOffset(records!)
            fetchOffset = next ?? logStartOffset
            if (now < end) send()
            else resolve()
          })
          send()
        })
      }),
    )
    for (const socket of sockets) socket.destroy()
    return { batches, bytes, records: batches * load.batch.recordCount }
  }
  return timed(target.pid, work, latency)
}

function batchesIn(records: Buffer): number {
  let count = 0
  for (let at = 0; at < records.byteLength; at += sizeAt(records, at)) count += 1
  return count
}

/** Null when there are no batches: the reader has come to the end. */
function nextOffset(records: Buffer): number | null {
  let offset: number | null = null
  for (let at = 0; at < records.byteLength; at += sizeAt(records, at)) {
    offset = Number(records.readBigInt64BE(at)) + records.readInt32BE(at + 23) + 1
  }
  return offset
}

function sizeAt(records: Buffer, at: number): number {
  return records.readInt32BE(at + BATCH_LENGTH) + LENGTH_OVERHEAD
}
