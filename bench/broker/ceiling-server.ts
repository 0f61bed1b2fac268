// The ceiling: a grpc-js server with our HTTP/2 settings, and nothing behind it. `Produce` takes a
// message and answers a few bytes; `Echo` answers the message; `Fetch` sends messages of the size asked
// for, as many as are taken.

import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerWritableStream,
} from '@grpc/grpc-js'
import { tuneHttp2 } from '../../src/server/grpc/http2-settings.ts'
import { CEILING_METHODS } from './ceiling-methods.ts'

const ACK = Buffer.alloc(16)

function produce(call: ServerDuplexStream<Buffer, Buffer>): void {
  call.on('data', () => call.write(ACK))
  call.on('end', () => call.end())
  call.on('error', () => {})
}

function echo(call: ServerDuplexStream<Buffer, Buffer>): void {
  call.on('data', (message: Buffer) => call.write(message))
  call.on('end', () => call.end())
  call.on('error', () => {})
}

function fetch(call: ServerWritableStream<Buffer, Buffer>): void {
  const message = Buffer.alloc(call.request.readUInt32BE(0), 7)
  const send = (): void => {
    while (!call.cancelled && call.write(message));
  }
  call.on('drain', send)
  call.on('error', () => {})
  call.on('cancelled', () => call.end())
  send()
}

const server = new Server({
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.enable_channelz': 0,
})
tuneHttp2(server, { maxConnections: 100, opened: () => {}, closed: () => {}, failed: () => {} })
server.addService(CEILING_METHODS, { produce, echo, fetch })
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error
  process.send!({ port })
})
