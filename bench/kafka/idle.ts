// What connections cost that nobody uses: each has asked for the versions once, and then says nothing.

import net from 'node:net'
import { FrameWriter } from '../../src/protocol/kafka/frame-writer.ts'
import { writeRequest } from '../../src/protocol/kafka/frames.ts'
import { API_VERSIONS } from '../../src/protocol/kafka/gen/api-versions.ts'
import { residentMegabytes } from '../broker/measure.ts'
import type { Target } from './load.ts'

export interface IdleCost {
  readonly connections: number
  /** Resident memory of the broker, in megabytes. */
  readonly before: number
  readonly after: number
  /** After all have left, and a while. */
  readonly closed: number
}

/** Connections that are opened at once, so that the system's queue does not overflow. */
const TOGETHER = 200

const SETTLE_MS = 3_000

export async function idleConnections(target: Target, connections: number): Promise<IdleCost> {
  const before = residentMegabytes(target.pid).now
  const sockets: net.Socket[] = []
  while (sockets.length < connections) {
    const some = Math.min(TOGETHER, connections - sockets.length)
    sockets.push(
      ...(await Promise.all(Array.from({ length: some }, () => openAndAsk(target.port)))),
    )
  }
  await settle()
  const after = residentMegabytes(target.pid).now
  for (const socket of sockets) socket.destroy()
  await settle()
  return { connections, before, after, closed: residentMegabytes(target.pid).now }
}

const writer = new FrameWriter()
const facts = { version: 0, correlationId: 1, clientId: 'idle' }
const REQUEST = Buffer.concat(writeRequest(writer, API_VERSIONS, facts, {}))

function openAndAsk(port: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(REQUEST))
    socket.once('error', reject)
    socket.once('data', () => resolve(socket))
  })
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
}
