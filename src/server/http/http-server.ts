// The HTTP listener: health for whoever starts and stops brokers, metrics for Prometheus.
//
//   GET /          what this is, and where to go on
//   GET /livez     200 while the process answers at all
//   GET /healthz   the same, by its older name
//   GET /readyz    200 when the broker has recovered and takes requests; 503 before, and when it stops
//   GET /metrics   Prometheus text
//
// Nothing here changes anything, and no request has a body. Whoever is slow is cut off.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Counter } from '../../observability/counters.ts'
import type { Logger } from '../../observability/logger.ts'

export interface HttpRoutes {
  /** What `/` says. */
  readonly about: () => Readonly<Record<string, unknown>>
  /** Null when ready; else why not. */
  readonly notReady: () => string | null
  readonly metrics: () => Promise<{ readonly text: string; readonly contentType: string }>
}

const MAX_CONNECTIONS = 256

/** A connection on which nothing moves is cut after this long: also one that does not read. */
const SOCKET_TIMEOUT_MS = 30_000

const JSON_TYPE = 'application/json; charset=utf-8'
const TEXT_TYPE = 'text/plain; charset=utf-8'

interface Page {
  readonly status: number
  readonly type: string
  readonly body: string
}

export class HttpServer {
  readonly connectionsOpened = new Counter()
  readonly connectionErrors = new Counter()
  readonly #server: Server
  readonly #routes: HttpRoutes
  readonly #logger: Logger
  #connections = 0

  constructor(routes: HttpRoutes, logger: Logger) {
    this.#routes = routes
    this.#logger = logger
    this.#server = createServer(
      {
        headersTimeout: 5_000,
        requestTimeout: 10_000,
        keepAliveTimeout: 10_000,
        connectionsCheckingInterval: 2_000,
        maxHeaderSize: 8 * 1024,
      },
      (request, response) => {
        void this.#answer(request, response)
      },
    )
    this.#server.timeout = SOCKET_TIMEOUT_MS
    this.#server.maxConnections = MAX_CONNECTIONS
    this.#server.maxHeadersCount = 64
    this.#server.on('connection', (socket) => {
      this.#connections += 1
      this.connectionsOpened.add()
      socket.once('close', () => {
        this.#connections -= 1
      })
    })
    this.#server.on('clientError', (_error, socket) => {
      this.connectionErrors.add()
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n')
      else socket.destroy()
    })
  }

  get connectionCount(): number {
    return this.#connections
  }

  /** Listens. @returns the port. @throws Error when the address is taken or not ours */
  bind(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => {
        reject(new Error(`The HTTP front can't listen on ${host}:${port}`, { cause: error }))
      })
      this.#server.listen(port, host, () => {
        this.#server.removeAllListeners('error')
        // Such as EMFILE when a connection is accepted.
        this.#server.on('error', (error) => {
          this.connectionErrors.add()
          this.#logger.warn({ err: error }, 'The HTTP front could not take a connection')
        })
        resolve((this.#server.address() as AddressInfo).port)
      })
    })
  }

  /** Closes all connections, in the middle of a request too: each can be asked again elsewhere. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', (error) => this.#logger.debug({ err: error }, 'An HTTP answer was cut'))
    try {
      const page = await this.#page(request)
      response.writeHead(page.status, {
        'content-type': page.type,
        'content-length': Buffer.byteLength(page.body),
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        ...(page.status === 405 ? { allow: 'GET, HEAD' } : {}),
      })
      response.end(request.method === 'HEAD' ? undefined : page.body)
    } catch (error) {
      this.#logger.error({ err: error }, 'An HTTP request failed')
      if (!response.headersSent) response.writeHead(500)
      response.end()
    }
  }

  async #page({ method, url = '/' }: IncomingMessage): Promise<Page> {
    if (method !== 'GET' && method !== 'HEAD') return text(405, 'Only GET and HEAD\n')
    const path = url.split('?', 1)[0]
    switch (path) {
      case '/':
        return { status: 200, type: JSON_TYPE, body: `${JSON.stringify(this.#routes.about())}\n` }
      case '/livez':
      case '/healthz':
        return text(200, 'ok\n')
      case '/readyz': {
        const reason = this.#routes.notReady()
        return reason === null ? text(200, 'ok\n') : text(503, `${reason}\n`)
      }
      case '/metrics': {
        const { text: body, contentType } = await this.#routes.metrics()
        return { status: 200, type: contentType, body }
      }
      default:
        return text(404, 'Not here: /livez, /readyz, /metrics\n')
    }
  }
}

function text(status: number, body: string): Page {
  return { status, type: TEXT_TYPE, body }
}
