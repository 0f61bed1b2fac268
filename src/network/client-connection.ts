// An outgoing connection that carries frames: an int32 size, big-endian, then as many bytes.
//
//   socket ──► intake, 64 KiB ──┬─► small frames: copied out, many at a time
//                               └─► a frame beyond the intake gets memory of its own, and the
//                                   kernel writes the rest of it straight into that
//
// No timers here: who waits too long closes the connection.

import { connect } from 'node:net'
import type { Socket } from 'node:net'

export interface HostAndPort {
  readonly host: string
  readonly port: number
}

export interface FrameListener {
  /** Once, before the first frame. */
  connected(): void
  /** A frame without its size. Its memory is the receiver's alone. */
  frame(bytes: Buffer): void
  /**
   * Exactly once, and as the last call. Parts that were given to `send` are not read any more.
   *
   * @param cause null when `close` was called, or the other side ended the connection
   */
  closed(cause: Error | null): void
}

export interface FrameConnection {
  /**
   * Sends a whole frame, its size included. After the end it does nothing.
   *
   * @param parts not to be changed until `sent`, or `closed` of the listener
   * @param sent  called when the kernel has them all
   */
  send(parts: readonly Buffer[], sent: () => void): void
  /** Whether the connection keeps the process alive. At first it does. */
  keepAlive(alive: boolean): void
  /** Ends it at once. `closed` follows, in a later turn. */
  close(): void
}

/** Opens a connection. Nothing of the listener is called before this has returned. */
export type ConnectFrames = (
  address: HostAndPort,
  maxFrameBytes: number,
  listener: FrameListener,
) => FrameConnection

const INTAKE_BYTES = 64 * 1024

const SIZE_BYTES = 4

/** TCP asks a silent peer whether it lives, after so long. */
const TCP_KEEP_ALIVE_MS = 30_000

/** Over TCP. A frame that claims to be larger than `maxFrameBytes`, or below 0, ends the connection. */
export const connectFrames: ConnectFrames = (address, maxFrameBytes, listener) => {
  const input = new FrameInput(maxFrameBytes, (frame) => listener.frame(frame))
  let failure: Error | null = null
  const socket: Socket = connect({
    ...address,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
    onread: {
      buffer: () => input.room(),
      callback(sizeBytes) {
        try {
          input.received(sizeBytes)
        } catch (error) {
          socket.destroy(error as Error)
        }
        return !socket.destroyed
      },
    },
  })
  socket.on('connect', () => listener.connected())
  socket.on('error', (error) => {
    failure = error
  })
  socket.on('close', () => listener.closed(failure))
  return {
    send(parts, sent) {
      if (socket.destroyed) return
      socket.cork()
      const last = parts.length - 1
      for (let at = 0; at < last; at++) socket.write(parts[at]!)
      socket.write(parts[last]!, (error) => {
        if (!error) sent()
      })
      socket.uncork()
    },
    keepAlive(alive) {
      if (alive) socket.ref()
      else socket.unref()
    },
    close: () => void socket.destroy(),
  }
}

/** Cuts what arrives into frames. */
export class FrameInput {
  readonly #maxFrameBytes: number
  readonly #frame: (bytes: Buffer) => void
  readonly #intake = Buffer.allocUnsafeSlow(INTAKE_BYTES)
  /** Bytes of the intake that hold something, from its start on. */
  #filled = 0
  /** A frame that gets memory of its own, while it is not whole. */
  #large: Buffer | null = null
  #largeFilled = 0

  constructor(maxFrameBytes: number, frame: (bytes: Buffer) => void) {
    this.#maxFrameBytes = maxFrameBytes
    this.#frame = frame
  }

  /** Where the next bytes go; never empty. */
  room(): Buffer {
    if (this.#large !== null) return this.#large.subarray(this.#largeFilled)
    return this.#intake.subarray(this.#filled)
  }

  /**
   * That many bytes lie in what `room` gave.
   *
   * @throws RangeError when a frame has an impossible size; nothing may be received after it
   */
  received(sizeBytes: number): void {
    const large = this.#large
    if (large === null) {
      this.#filled += sizeBytes
      this.#cut()
      return
    }
    this.#largeFilled += sizeBytes
    if (this.#largeFilled < large.byteLength) return
    this.#large = null
    this.#frame(large)
  }

  #cut(): void {
    const intake = this.#intake
    let at = 0
    while (this.#filled - at >= SIZE_BYTES) {
      const sizeBytes = intake.readInt32BE(at)
      if (sizeBytes < 0 || sizeBytes > this.#maxFrameBytes) {
        throw new RangeError(`a frame of ${sizeBytes} bytes; at most ${this.#maxFrameBytes}`)
      }
      const start = at + SIZE_BYTES
      if (SIZE_BYTES + sizeBytes > INTAKE_BYTES) {
        this.#beginLarge(sizeBytes, start)
        return
      }
      if (this.#filled - start < sizeBytes) break
      at = start + sizeBytes
      this.#frame(Buffer.from(intake.subarray(start, at)))
    }
    if (at === 0) return
    intake.copyWithin(0, at, this.#filled)
    this.#filled -= at
  }

  #beginLarge(sizeBytes: number, start: number): void {
    const large = Buffer.allocUnsafeSlow(sizeBytes)
    this.#largeFilled = this.#intake.copy(large, 0, start, this.#filled)
    this.#large = large
    this.#filled = 0
  }
}
