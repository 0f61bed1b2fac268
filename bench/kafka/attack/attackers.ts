// The bad clients, in a process of their own. Of each kind there are as many; whoever is closed comes
// back, so many a second in all that the attack takes no more of the processor than it has to.
//
// Forked by attack.ts: arguments are the port, the number of connections and the group; once a second it
// tells how it stands, and it ends when it is told to stop.

import net from 'node:net'
import { kindsOf, type Group, type Kind } from './kinds.ts'

/** How the attack stands, by kind. */
export interface AttackState {
  readonly kinds: readonly {
    readonly name: string
    readonly open: number
    readonly opened: number
    readonly closed: number
  }[]
}

/** Connections a second until all are there, and after that. */
const FIRST_RATE = 1_000
const CHURN_RATE = 500

const TICK_MS = 50

class Squad {
  readonly kind: Kind
  readonly sockets = new Set<net.Socket>()
  opened = 0
  closed = 0

  constructor(kind: Kind) {
    this.kind = kind
  }

  open(port: number): void {
    const socket = net.connect(port, '127.0.0.1')
    const attempt = this.opened
    this.opened += 1
    this.sockets.add(socket)
    socket.on('error', () => {})
    socket.on('connect', () => this.kind.begin(socket, attempt))
    socket.on('data', () => {})
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      this.sockets.delete(socket)
      this.closed += 1
    })
  }

  goOn(): void {
    const { goOn } = this.kind
    if (goOn === undefined) return
    for (const socket of this.sockets) if (!socket.connecting) goOn(socket)
  }
}

const [port, count] = process.argv.slice(2, 4).map(Number)
const squads = kindsOf(process.argv[4] as Group).map((kind) => new Squad(kind))
const each = Math.floor(count! / squads.length)
let opened = 0
let turn = 0
let allowed = 0

const opening = setInterval(() => {
  const rate = opened < each * squads.length ? FIRST_RATE : CHURN_RATE
  allowed = Math.min(allowed + (rate * TICK_MS) / 1_000, rate / 5)
  let without = 0
  while (allowed >= 1 && without < squads.length) {
    const squad = squads[turn++ % squads.length]!
    without += 1
    if (squad.sockets.size >= each) continue
    squad.open(port!)
    without = 0
    opened += 1
    allowed -= 1
  }
}, TICK_MS)

const telling = setInterval(() => {
  for (const squad of squads) squad.goOn()
  const kinds = squads.map(({ kind, sockets, opened: all, closed }) => {
    return { name: kind.name, open: sockets.size, opened: all, closed }
  })
  process.send?.({ kinds } satisfies AttackState)
}, 1_000)

process.once('message', () => {
  clearInterval(opening)
  clearInterval(telling)
  for (const squad of squads) for (const socket of squad.sockets) socket.destroy()
  process.disconnect?.()
})
