// Where the brokers are, how to speak to them, and who asks.

import { SluiceError } from './errors.ts'
import { checkOneOf } from './option-checks.ts'

export interface ConnectionOptions {
  /**
   * Brokers to begin with: one, several, or several with commas between. The first that answers is
   * used. Default `127.0.0.1:9094`.
   *
   * `host:port` and `grpc://host:port` are the gRPC front of Sluice, port 9094 where none is given;
   * `kafka://host:port` is a listener of Kafka's protocol, port 9092 where none is given: of Sluice,
   * or of any other broker that speaks it. All are of one kind: what the first says.
   */
  readonly bootstrap?: string | readonly string[]
  /** What the client calls itself, in the broker's log and metrics. Default `sluice-js`. */
  readonly clientId?: string
  /** Who the client is. Only with `kafka://`. Default: nobody. */
  readonly sasl?: SaslOptions
}

export interface SaslOptions {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
  readonly username: string
  readonly password: string
}

/** What is spoken to the brokers. */
export type WireProtocol = 'grpc' | 'kafka'

export interface Bootstrap {
  readonly protocol: WireProtocol
  /** Each `host:port`. */
  readonly addresses: readonly string[]
}

export const DEFAULT_BOOTSTRAP = '127.0.0.1:9094'
export const DEFAULT_CLIENT_ID = 'sluice-js'

const DEFAULT_PORTS = { grpc: 9094, kafka: 9092 } as const satisfies Record<WireProtocol, number>

/**
 * The addresses of a bootstrap list, each with a port, and what is spoken there.
 *
 * @throws SluiceError INVALID_OPTION when there is none, one has no host or an impossible port, or
 *   they are of several kinds
 */
export function parseBootstrap(bootstrap: ConnectionOptions['bootstrap']): Bootstrap {
  const list = bootstrap ?? DEFAULT_BOOTSTRAP
  const texts = (typeof list === 'string' ? list.split(',') : list).map((text) => text.trim())
  const parts = texts.map(splitScheme)
  const protocol = parts[0]?.protocol ?? 'grpc'
  if (texts.length === 0) refuse(String(list))
  const addresses = parts.map((part, index) => {
    if ((part.protocol ?? protocol) !== protocol) refuse(texts[index]!)
    return parseAddress(part.address, DEFAULT_PORTS[protocol])
  })
  return { protocol, addresses }
}

/** @throws SluiceError INVALID_OPTION */
export function checkSasl(sasl: SaslOptions | undefined): void {
  checkOneOf('sasl.mechanism', sasl?.mechanism, ['plain', 'scram-sha-256', 'scram-sha-512'])
}

function splitScheme(text: string): { protocol: WireProtocol | null; address: string } {
  const match = /^(grpc|kafka):\/\/(.*)$/.exec(text)
  if (match === null) return { protocol: null, address: text }
  return { protocol: match[1] as WireProtocol, address: match[2]! }
}

function parseAddress(text: string, defaultPort: number): string {
  // host:port, [v6]:port, or either without the port.
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]\s/]+)(?::(\d{1,5}))?$/.exec(text)
  if (match === null) refuse(text)
  const port = match[2] === undefined ? defaultPort : Number(match[2])
  if (port < 1 || port > 65_535) refuse(text)
  return `${match[1]}:${port}`
}

function refuse(value: string): never {
  const message =
    'bootstrap must be host:port, grpc://host:port or kafka://host:port, or several of one kind'
  throw new SluiceError('INVALID_OPTION', { option: 'bootstrap', value }, { message })
}
