// HTTP/2 under the gRPC server, set as we want it.
//
// grpc-js builds its HTTP/2 servers itself. Of flow-control windows its server has no option (it
// ignores `grpc-node.flow_control_window`, which its client obeys), so uploads would run on windows
// of 64 KiB, four to five times too slow; and of Node's limits against floods it sets none. So this
// file puts them where grpc-js looks when it creates a server: two properties of the one Server
// object, checked when it starts, since both are private there. Nothing else is touched.
//
// Source: node_modules/@grpc/grpc-js/src/server.ts, constructor and createHttp2Server, 1.14.

import assert from 'node:assert'
import type { Http2Server, ServerHttp2Session, ServerOptions } from 'node:http2'
import type { Server, ServerCredentials } from '@grpc/grpc-js'

/** How many bytes a sender may have under way: on each stream, and on a connection in all. */
export const WINDOW_BYTES = 4 * 1024 * 1024

/** Most calls at once on one connection. */
export const MAX_STREAMS = 128

/**
 * Limits of a connection. What is over them is refused, or the connection ends: a client that does
 * such things harms itself alone. (Node's option names.)
 */
const LIMITS: ServerOptions & { streamResetBurst: number; streamResetRate: number } = {
  settings: { initialWindowSize: WINDOW_BYTES, maxConcurrentStreams: MAX_STREAMS },
  // Megabytes of queued output and headers; above it new calls are refused.
  maxSessionMemory: 64,
  maxHeaderListPairs: 64,
  maxOutstandingPings: 10,
  maxSessionInvalidFrames: 50,
  maxSessionRejectedStreams: 50,
  // A token bucket of resets: so many at once, and so many a second (CVE-2023-44487, rapid reset).
  streamResetBurst: 200,
  streamResetRate: 20,
}

/** Two private properties of grpc-js's Server. */
interface ServerInternals {
  commonServerOptions: ServerOptions
  createHttp2Server(credentials: ServerCredentials): Http2Server
}

export interface Http2Options {
  /** Most connections at once; the next are closed as they come. */
  readonly maxConnections: number
  readonly opened: (session: ServerHttp2Session) => void
  readonly closed: (session: ServerHttp2Session) => void
  /** Something went wrong on a connection, or when one was accepted. */
  readonly failed: (error: Error) => void
}

/** Has `server` create its HTTP/2 servers with our windows and limits. To be called before it binds. */
export function tuneHttp2(server: Server, options: Http2Options): void {
  const internals = server as unknown as ServerInternals
  assert(typeof internals.commonServerOptions === 'object', 'grpc-js has changed inside')
  assert(typeof internals.createHttp2Server === 'function', 'grpc-js has changed inside')

  Object.assign(internals.commonServerOptions, LIMITS)
  const createHttp2Server = internals.createHttp2Server.bind(server)
  internals.createHttp2Server = (credentials) => {
    const http2Server = createHttp2Server(credentials)
    http2Server.maxConnections = options.maxConnections
    // Such as EMFILE when a connection is accepted: without a listener it would end the process.
    http2Server.on('error', options.failed)
    http2Server.on('session', (session) => tuneSession(session, options))
    return http2Server
  }
}

function tuneSession(session: ServerHttp2Session, options: Http2Options): void {
  options.opened(session)
  session.once('close', () => options.closed(session))
  session.on('error', options.failed)
  // The window of the connection is apart from those of its streams, which the settings give.
  session.setLocalWindowSize(WINDOW_BYTES)
}
