// Where the brokers are, and who asks.

import { SluiceError } from './errors.ts'

export interface ConnectionOptions {
  /**
   * Brokers to begin with, as `host:port` of their gRPC front: one, several, or several with commas
   * between. The first that answers is used. Default `127.0.0.1:9094`.
   */
  readonly bootstrap?: string | readonly string[]
  /** What the client calls itself, in the broker's log and metrics. Default `sluice-js`. */
  readonly clientId?: string
}

export const DEFAULT_BOOTSTRAP = '127.0.0.1:9094'
export const DEFAULT_CLIENT_ID = 'sluice-js'

const DEFAULT_PORT = 9094

/**
 * The addresses of a bootstrap list, each with a port: 9094 where none is given.
 *
 * @throws SluiceError INVALID_OPTION when there is none, or one has no host or an impossible port
 */
export function parseBootstrap(bootstrap: ConnectionOptions['bootstrap']): readonly string[] {
  const list = bootstrap ?? DEFAULT_BOOTSTRAP
  const texts = (typeof list === 'string' ? list.split(',') : list).map((text) => text.trim())
  if (texts.length === 0) refuse(String(list))
  return texts.map(parseAddress)
}

function parseAddress(text: string): string {
  // host:port, [v6]:port, or either without the port.
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]\s/]+)(?::(\d{1,5}))?$/.exec(text)
  if (match === null) refuse(text)
  const port = match[2] === undefined ? DEFAULT_PORT : Number(match[2])
  if (port < 1 || port > 65_535) refuse(text)
  return `${match[1]}:${port}`
}

function refuse(value: string): never {
  const message = 'bootstrap must be host:port, or several with commas between'
  throw new SluiceError('INVALID_OPTION', { option: 'bootstrap', value }, { message })
}
