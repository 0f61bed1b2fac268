// Sockets that read into memory of ours, in place of a new buffer for each read.
//
// Node offers this (`onread`) to clients only, so a server's socket is made anew around the handle of
// the one that was accepted. The handle is no public interface: where it is missing, 'data' events do
// the same, slower.

import net from 'node:net'

/** What is done with what arrives. */
export interface Receiver {
  /** Memory for the next read. It is used until `received` is called. */
  memory(): Uint8Array
  /** So many bytes have arrived, at the start of `memory`. */
  received(count: number, memory: Uint8Array): void
}

interface AcceptedSocket extends net.Socket {
  _handle?: { readonly bytesWritten?: number; readonly writeQueueSize?: number } | null
}

/**
 * Bytes that the system has taken. `writableLength` has whole chunks only: of a chunk of megabytes it does
 * not tell whether any of it was taken.
 */
export function takenBytes(socket: net.Socket): number {
  const { bytesWritten = socket.bytesWritten, writeQueueSize = 0 } =
    (socket as AcceptedSocket)._handle ?? {}
  return bytesWritten - writeQueueSize
}

/**
 * Takes over a socket that was accepted by a server with `pauseOnConnect`. Nothing is read before
 * `resume` is called.
 */
export function receivingSocket(accepted: net.Socket, receiver: Receiver): net.Socket {
  const handle = (accepted as AcceptedSocket)._handle
  if (handle === null || handle === undefined || typeof handle !== 'object') {
    accepted.on('data', (bytes: Buffer) => receiver.received(bytes.byteLength, bytes))
    accepted.pause()
    return accepted
  }
  ;(accepted as AcceptedSocket)._handle = null
  const options = {
    handle,
    manualStart: true,
    onread: {
      buffer: () => receiver.memory(),
      callback: (count: number, memory: Uint8Array): boolean => {
        receiver.received(count, memory)
        return true
      },
    },
  }
  const socket = new net.Socket(options as unknown as net.SocketConstructorOpts)
  // What is left of the accepted socket: the server's count of it.
  accepted.destroy()
  return socket
}
