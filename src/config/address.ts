// Addresses to listen on: `127.0.0.1:9094`, `[::1]:9094`, `localhost:0`.

export interface HostPort {
  /** Without the brackets of an IPv6 address. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
}

/** @returns null when the text is no `host:port` */
export function parseHostPort(text: string): HostPort | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]/@]{1,253})):(\d{1,5})$/i.exec(text)
  if (match === null) return null
  const port = Number(match[3])
  return port <= 65_535 ? { host: (match[1] ?? match[2])!, port } : null
}

export function formatHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** True when only this machine can reach the host: 127.0.0.0/8, ::1, and the name localhost. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase()
  if (name === 'localhost' || name === '::1' || name === '0:0:0:0:0:0:0:1') return true
  return /^(::ffff:)?127(\.\d{1,3}){3}$/.test(name)
}
