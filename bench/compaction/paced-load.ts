// Produce requests over Kafka's protocol at a fixed rate, whatever the broker does meanwhile.

import type { RecordableHistogram } from 'node:perf_hooks'
import type { ReadyBatch } from '../broker/batches.ts'
import { newLatencies } from '../broker/measure.ts'
import { checkProduced, onFrames, open, produceFrame } from '../kafka/load.ts'

export interface PacedLoad {
  readonly topic: string
  /** A connection for each, in turn. */
  readonly partitions: number
  readonly batch: ReadyBatch
  readonly requestsPerSecond: number
  readonly seconds: number
}

const ALL = -1
const LEADER = 1

/**
 * Sends for a time, acks=all.
 *
 * @returns microseconds of each answer, from when its request was due: what a stall holds up counts
 */
export async function pacedLoad(load: PacedLoad, port: number): Promise<RecordableHistogram> {
  const { topic, partitions, batch, requestsPerSecond, seconds } = load
  const latency = newLatencies()
  const total = Math.round(requestsPerSecond * seconds)
  const sockets = await Promise.all(Array.from({ length: partitions }, () => open(port)))
  const frames = sockets.map((_, partition) => {
    return produceFrame({ topic, batch, acks: ALL }, partition)
  })
  const waiting = sockets.map((): number[] => [])
  const begun = performance.now()
  const dueAt = (number: number): number => begun + (number / requestsPerSecond) * 1_000
  await new Promise<void>((resolve, reject) => {
    let [sent, answered] = [0, 0]
    sockets.forEach((socket, partition) => {
      socket.once('error', reject)
      onFrames(socket, (answer) => {
        checkProduced(answer)
        const ms = performance.now() - waiting[partition]!.shift()!
        latency.record(Math.max(1, Math.round(ms * 1_000)))
        answered += 1
        if (answered === total) resolve()
      })
    })
    const pace = (): void => {
      const now = performance.now()
      for (; sent < total && dueAt(sent) <= now; sent++) {
        const partition = sent % partitions
        waiting[partition]!.push(dueAt(sent))
        sockets[partition]!.write(frames[partition]!)
      }
      if (sent < total) setTimeout(pace, 1)
    }
    pace()
  })
  for (const socket of sockets) socket.destroy()
  return latency
}

/** Sends batches to a topic of one partition, so many in flight. Resolves when all are stored. */
export async function produceAll(
  port: number,
  topic: string,
  batches: Iterator<ReadyBatch>,
): Promise<void> {
  const socket = await open(port)
  await new Promise<void>((resolve, reject) => {
    let inFlight = 0
    const send = (): void => {
      const { value: batch, done } = batches.next()
      if (done === true) {
        if (inFlight === 0) resolve()
        return
      }
      inFlight += 1
      socket.write(produceFrame({ topic, batch, acks: LEADER }, 0))
    }
    socket.once('error', reject)
    onFrames(socket, (answer) => {
      checkProduced(answer)
      inFlight -= 1
      send()
    })
    for (let count = 0; count < MOST_IN_FLIGHT; count++) send()
  })
  socket.destroy()
}

const MOST_IN_FLIGHT = 8
