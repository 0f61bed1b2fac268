// The HTTP listener by itself.

import net from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLogger } from '../../../src/observability/logger.ts'
import { HttpServer } from '../../../src/server/http/http-server.ts'

let server: HttpServer
let url: string
let port: number
let reason: string | null
let metrics: () => Promise<{ text: string; contentType: string }>

beforeEach(async () => {
  reason = 'The broker is starting'
  metrics = () => Promise.resolve({ text: 'sluice_ready 1\n', contentType: 'text/plain' })
  const about = () => ({ name: 'sluice' })
  server = new HttpServer({ about, notReady: () => reason, metrics: () => metrics() }, silentLogger)
  port = await server.bind('127.0.0.1', 0)
  url = `http://127.0.0.1:${port}`
})

afterEach(() => server.stop())

test('readiness follows the broker, liveness does not', async () => {
  expect((await fetch(`${url}/readyz`)).status).toBe(503)
  expect((await fetch(`${url}/livez`)).status).toBe(200)
  reason = null
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  expect((await fetch(`${url}/healthz?verbose`)).status).toBe(200)
})

test('the first page says what this is, and others are not there', async () => {
  expect(await (await fetch(url)).json()).toEqual({ name: 'sluice' })
  expect((await fetch(`${url}/../../etc/passwd`)).status).toBe(404)
  expect((await fetch(url, { method: 'POST', body: 'x' })).status).toBe(405)
  const head = await fetch(`${url}/livez`, { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([200, ''])
})

test('a scrape that fails is an answer of 500, and not the end of the process', async () => {
  metrics = () => Promise.reject(new Error('no'))
  expect((await fetch(`${url}/metrics`)).status).toBe(500)
  metrics = () => Promise.resolve({ text: 'a 1\n', contentType: 'text/plain' })
  expect(await (await fetch(`${url}/metrics`)).text()).toBe('a 1\n')
})

test('what is not HTTP is answered with 400 and closed', async () => {
  const socket = net.connect(port, '127.0.0.1')
  socket.write('\x00\x01\x02 not http\r\n\r\n')
  const [answer] = (await once(socket, 'data')) as [Buffer]
  expect(answer.toString()).toMatch(/^HTTP\/1.1 400/)
  await once(socket, 'close')
  expect((await fetch(`${url}/livez`)).status).toBe(200)
})
