// What bad clients do, each kind in a file's few lines: what it sends once it is connected, and after that.

import { randomBytes } from 'node:crypto'
import type net from 'node:net'
import { FrameWriter } from '../../../src/protocol/kafka/frame-writer.ts'
import { writeRequest } from '../../../src/protocol/kafka/frames.ts'
import { API_VERSIONS } from '../../../src/protocol/kafka/gen/api-versions.ts'
import { FETCH } from '../../../src/protocol/kafka/gen/fetch.ts'
import { METADATA } from '../../../src/protocol/kafka/gen/metadata.ts'
import { SASL_AUTHENTICATE } from '../../../src/protocol/kafka/gen/sasl-authenticate.ts'
import { SASL_HANDSHAKE } from '../../../src/protocol/kafka/gen/sasl-handshake.ts'
import type { Api } from '../../../src/protocol/kafka/message-codec.ts'

/** A topic whose partition holds a few megabytes. */
export const LARGE_TOPIC = 'large'
export const USER = 'load'
export const PASSWORD = 'of the bench'

export interface Kind {
  readonly name: string
  /** It says who it is: a client that may read and write. */
  readonly known: boolean
  /** What it does when it is connected. @param attempt counts its connections */
  begin(socket: net.Socket, attempt: number): void
  /** What it does each second after that. */
  goOn?(socket: net.Socket): void
}

const writer = new FrameWriter()

function request<Init>(
  api: Api<unknown, Init, unknown, never>,
  version: number,
  message: Init,
): Buffer {
  const facts = { version, correlationId: 1, clientId: 'attacker' }
  return Buffer.concat(writeRequest(writer, api, facts, message))
}

/** A size, and so much of what it promises. */
function promised(sizeBytes: number, sentBytes: number): Buffer {
  const bytes = Buffer.alloc(4 + sentBytes)
  bytes.writeInt32BE(sizeBytes)
  return bytes
}

const HELLO = Buffer.concat([
  request(API_VERSIONS, 0, {}),
  request(SASL_HANDSHAKE, 1, { mechanism: 'PLAIN' }),
])

/** What a client says to be known: a bad one may have a password as well. */
export const SIGN_IN = Buffer.concat([
  request(SASL_HANDSHAKE, 1, { mechanism: 'PLAIN' }),
  request(SASL_AUTHENTICATE, 1, { authBytes: Buffer.from(`\0${USER}\0${PASSWORD}`) }),
])

const LARGE_FETCH = request(FETCH, 11, {
  ...{ maxWaitMs: 0, minBytes: 1, maxBytes: 8 << 20, isolationLevel: 0 },
  topics: [
    {
      topic: LARGE_TOPIC,
      partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 8 << 20 }],
    },
  ],
} as never)

/** 8 fetches of 8 MB each, and 200 small questions. */
const MANY_QUESTIONS = Buffer.concat([
  ...Array.from({ length: 8 }, () => LARGE_FETCH),
  ...Array.from({ length: 200 }, () => request(METADATA, 9, { topics: null } as never)),
])

const LIES = [0, -1, 0x7fff_ffff, -0x8000_0000, 104_857_601, 104_857_600]

const HALF_A_PRODUCE = promised(60_000, 30_000)

const UNKNOWN_PRODUCE = (() => {
  const bytes = promised(60_000, 60_000)
  bytes.writeInt16BE(9, 6) // Produce 9, before anybody has said who he is
  return bytes
})()

const KINDS: readonly Kind[] = [
  {
    name: 'half a frame, then silence',
    known: false,
    begin: (socket) => void socket.write(HALF_A_PRODUCE),
  },
  {
    name: 'a byte a second',
    known: false,
    begin: (socket) => void socket.write(promised(1_000, 0)),
    goOn: (socket) => void socket.write(Buffer.alloc(1)),
  },
  {
    name: 'sizes that are lies',
    known: false,
    begin: (socket, attempt) => void socket.write(promised(LIES[attempt % LIES.length]!, 8_000)),
  },
  {
    name: 'known, asks and never reads',
    known: true,
    begin(socket) {
      socket.pause()
      socket.write(SIGN_IN)
      socket.write(MANY_QUESTIONS)
    },
    // Whoever does not read only learns that he was closed when he writes.
    goOn: (socket) => void socket.write(LARGE_FETCH),
  },
  {
    name: 'known, begins 100 MB and trickles',
    known: true,
    begin(socket) {
      socket.write(SIGN_IN)
      socket.write(promised(104_857_600, 16_000))
    },
    goOn: (socket) => void socket.write(Buffer.alloc(300)),
  },
  {
    name: 'says hello, then nothing',
    known: false,
    begin: (socket) => void socket.write(HELLO),
  },
  {
    name: 'large frames without a name',
    known: false,
    begin: (socket) => void socket.write(UNKNOWN_PRODUCE),
  },
  {
    name: 'garbage',
    known: false,
    begin: (socket) => void socket.write(randomBytes(512)),
  },
]

/** Who attacks: those who can't say who they are, or they and others who have a password. */
export const GROUPS = ['strangers', 'strangers and known clients'] as const
export type Group = (typeof GROUPS)[number]

export function kindsOf(group: Group): readonly Kind[] {
  return KINDS.filter(({ known }) => !known || group !== 'strangers')
}
