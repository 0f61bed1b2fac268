// A TCP proxy between clients and a broker that remembers the frames going by.

import { once } from 'node:events'
import { createConnection, createServer } from 'node:net'

/** Frames above this are not worth keeping, in bytes. */
const MAX_FRAME_BYTES = 3000
/** Frames that are kept of each API, version and direction, for each client. */
const MAX_SAMPLES = 2

const SASL_HANDSHAKE = 17

/** What one client and the broker told each other, told apart by API and version. */
export class Recording {
  #samples = new Map()

  /** @param direction 'request' or 'response' @param frame without its size */
  add(direction, key, version, frame) {
    if (frame.byteLength > MAX_FRAME_BYTES) return
    const name = `${direction} ${key} ${version}`
    const samples = this.#samples.get(name) ?? []
    this.#samples.set(name, samples)
    // Frames of the same length tend to say the same.
    if (samples.length >= MAX_SAMPLES) return
    if (samples.some((sample) => sample.byteLength === frame.byteLength)) return
    samples.push(Buffer.from(frame))
  }

  /** Lines of `direction key version hex`, in order of key and version. */
  lines() {
    const rank = (name) => {
      const [direction, key, version] = name.split(' ')
      return Number(key) * 1000 + Number(version) * 2 + (direction === 'request' ? 0 : 1)
    }
    const names = [...this.#samples.keys()].sort((a, b) => rank(a) - rank(b))
    return names.flatMap((name) => {
      return this.#samples.get(name).map((frame) => `${name} ${frame.toString('hex')}\n`)
    })
  }
}

/**
 * Listens on a port and hands all on to another.
 *
 * @returns an object whose `recording` takes what goes by from now on, and `close`
 */
export async function startProxy(listenPort, brokerPort) {
  const state = { recording: new Recording() }
  const sockets = new Set()
  const server = createServer((client) => {
    const broker = createConnection(brokerPort, '127.0.0.1')
    const connection = new Connection(state.recording)
    join(client, broker, (frame) => connection.request(frame))
    join(broker, client, (frame) => connection.response(frame))
    for (const socket of [client, broker]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
  })
  server.listen(listenPort, '127.0.0.1')
  await once(server, 'listening')
  return {
    record: (recording) => {
      state.recording = recording
    },
    close: async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

function join(from, to, onFrame) {
  let buffered = Buffer.alloc(0)
  from.on('data', (bytes) => {
    to.write(bytes)
    buffered = Buffer.concat([buffered, bytes])
    while (buffered.byteLength >= 4) {
      const end = 4 + buffered.readInt32BE(0)
      if (buffered.byteLength < end) break
      onFrame(buffered.subarray(4, end))
      buffered = buffered.subarray(end)
    }
  })
  from.on('close', () => to.destroy())
  from.on('error', () => to.destroy())
}

/** Pairs the responses of one connection with its requests: they come in the same order. */
class Connection {
  #recording
  #waiting = []
  /** After SaslHandshake v0 bare tokens go by: nothing more of this connection is kept. */
  #opaque = false

  constructor(recording) {
    this.#recording = recording
  }

  request(frame) {
    if (this.#opaque) return
    const [key, version] = [frame.readInt16BE(0), frame.readInt16BE(2)]
    if (key === SASL_HANDSHAKE && version === 0) this.#opaque = true
    this.#recording.add('request', key, version, frame)
    if (key !== 0 || acksOf(frame, version) !== 0) this.#waiting.push([key, version])
  }

  response(frame) {
    const asked = this.#waiting.shift()
    if (asked !== undefined) this.#recording.add('response', ...asked, frame)
  }
}

/** acks of a Produce request: 0 is never answered. */
function acksOf(frame, version) {
  const flexible = version >= 9
  let at = 10 + Math.max(0, frame.readInt16BE(8)) + (flexible ? 1 : 0)
  if (version >= 3) {
    const length = flexible ? frame[at] - 1 : frame.readInt16BE(at)
    at += (flexible ? 1 : 2) + Math.max(0, length)
  }
  return frame.readInt16BE(at)
}
