// Authentication over the Kafka protocol: the traps of protocol.md 3.6, through the handlers of a
// broker that asks for it.

import { afterEach, describe, expect, test } from 'vitest'
import { ERRORS } from '../../../src/base/errors.ts'
import { ALTER_USER_SCRAM_CREDENTIALS } from '../../../src/protocol/kafka/gen/alter-user-scram-credentials.ts'
import { SASL_AUTHENTICATE } from '../../../src/protocol/kafka/gen/sasl-authenticate.ts'
import { SASL_HANDSHAKE } from '../../../src/protocol/kafka/gen/sasl-handshake.ts'
import { saltPassword, SCRAM_HASHES } from '../../../src/security/sasl/scram-credential.ts'
import { adminHandlers } from '../../../src/server/kafka/handlers/admin.ts'
import { KafkaHandlerClient, MemoryPeer } from '../../support/kafka-handler-client.ts'
import { ManualClock } from '../../support/manual-clock.ts'
import { MemoryFileSystem } from '../../support/memory-file-system.ts'
import { ScramClient } from '../../support/scram-client.ts'

const PLAIN_TOKEN = Buffer.from('\0ann\0ann-secret')
const WRONG_TOKEN = Buffer.from('\0ann\0wrong')

let client: KafkaHandlerClient | null = null

afterEach(async () => {
  await client?.close()
  client = null
})

async function open(
  options: Readonly<Record<string, string>> = {},
  clock = new ManualClock(),
): Promise<KafkaHandlerClient> {
  const files = new MemoryFileSystem()
  const file = files.open('/users', 'create')
  file.write([Buffer.from('ann=ann-secret\nbob=bob-secret\n')], 0)
  file.close()
  const all = {
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'sasl.plain.users.file': '/users',
    'connection.failed.authentication.delay.ms': '0',
    ...options,
  }
  client = await KafkaHandlerClient.open(adminHandlers, all, clock, files)
  connect()
  return client
}

/** A new connection, as the listener begins it. */
function connect(): MemoryPeer {
  const peer = new MemoryPeer()
  peer.mustAuthenticate = true
  client!.peer = peer
  return peer
}

function handshake(mechanism: string, version = 1) {
  return client!.call(SASL_HANDSHAKE, version, { mechanism })
}

function authenticate(authBytes: Buffer, version = 2) {
  return client!.call(SASL_AUTHENTICATE, version, { authBytes })
}

async function setPassword(user: string, password: string): Promise<void> {
  const upsertions = ([1, 2] as const).map((mechanism) => {
    const hash = SCRAM_HASHES[mechanism === 1 ? 'SCRAM-SHA-256' : 'SCRAM-SHA-512']
    const salt = Buffer.from(`salt of ${user}`)
    const saltedPassword = saltPassword(hash, password, salt, 4_096)
    return { name: user, mechanism, iterations: 4_096, salt, saltedPassword }
  })
  const request = { deletions: [], upsertions }
  const { results } = await client!.call(ALTER_USER_SCRAM_CREDENTIALS, 0, request)
  expect(results).toMatchObject([{ user, errorCode: 0 }])
}

describe('SaslHandshake 1', () => {
  test('is followed by SaslAuthenticate, and the connection is the user’s then', async () => {
    const { peer } = await open()
    const offered = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']
    expect(await handshake('PLAIN')).toEqual({ errorCode: 0, mechanisms: offered })
    expect(peer.tokens).toBeNull()
    expect(peer.mustAuthenticate).toBe(true)
    const answer = await authenticate(PLAIN_TOKEN)
    expect(answer).toMatchObject({ errorCode: 0, errorMessage: null, sessionLifetimeMs: 0 })
    expect(answer.authBytes.byteLength).toBe(0)
    expect(peer).toMatchObject({ principal: 'User:ann', mustAuthenticate: false, ended: false })
  })

  test.each([
    ['SCRAM-SHA-256', 'sha256'],
    ['SCRAM-SHA-512', 'sha512'],
  ] as const)('lets users in by %s who were made over the protocol', async (mechanism, hash) => {
    const { peer } = await open()
    await setPassword('eve', 'eve-secret')
    await handshake(mechanism)
    const login = { hash, user: 'eve', password: 'eve-secret', nonce: 'nonce' }
    const scram = new ScramClient(login)
    const first = await authenticate(scram.first())
    const last = await authenticate(scram.final(first.authBytes))
    expect(last.errorCode).toBe(0)
    expect(scram.trusts(last.authBytes)).toBe(true)
    expect(peer.principal).toBe('User:eve')
  })
})

describe('SaslHandshake 0', () => {
  test('is followed by bare tokens; PLAIN ends with one of no bytes (kafka-python 2.0.2)', async () => {
    const { peer } = await open()
    await handshake('PLAIN', 0)
    expect(await peer.tokens!(PLAIN_TOKEN)).toEqual(Buffer.alloc(0))
    expect(peer).toMatchObject({ principal: 'User:ann', mustAuthenticate: false, tokens: null })
  })

  test('takes as many tokens as the mechanism has', async () => {
    const { peer } = await open()
    await setPassword('eve', 'eve-secret')
    await handshake('SCRAM-SHA-256', 0)
    const scram = new ScramClient({
      hash: 'sha256',
      user: 'eve',
      password: 'eve-secret',
      nonce: 'n',
    })
    const first = await peer.tokens!(scram.first())
    expect(peer.mustAuthenticate).toBe(true)
    const last = await peer.tokens!(scram.final(first!))
    expect(scram.trusts(last!)).toBe(true)
    expect(peer).toMatchObject({ principal: 'User:eve', tokens: null })
  })

  test('closes after a wrong token, since a bare token can say no error', async () => {
    const { peer } = await open()
    await handshake('PLAIN', 0)
    expect(await peer.tokens!(WRONG_TOKEN)).toBeNull()
    expect(peer).toMatchObject({ principal: 'User:ANONYMOUS', mustAuthenticate: true })
  })
})

test('GSSAPI is refused with the list of what is offered, and the connection closes', async () => {
  const { peer } = await open()
  expect(await handshake('GSSAPI')).toEqual({
    errorCode: ERRORS.UNSUPPORTED_SASL_MECHANISM.id,
    mechanisms: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'],
  })
  expect(peer).toMatchObject({ ended: true, mustAuthenticate: true })
})

test('a wrong password is answered with an error, after the delay, and the connection closes', async () => {
  const clock = new ManualClock()
  const { peer } = await open({ 'connection.failed.authentication.delay.ms': '100' }, clock)
  await handshake('PLAIN')
  let answered = false
  const answer = authenticate(WRONG_TOKEN, 0).finally(() => void (answered = true))
  await clock.settle()
  expect(answered).toBe(false)
  clock.advance(100)
  const { errorCode, errorMessage } = await answer
  expect(errorCode).toBe(ERRORS.SASL_AUTHENTICATION_FAILED.id)
  expect(errorMessage).toBe('Authentication failed: Invalid username or password')
  expect(peer).toMatchObject({ ended: true, mustAuthenticate: true, principal: 'User:ANONYMOUS' })
})

test('SaslAuthenticate without a handshake is refused, and the connection closes', async () => {
  const { peer } = await open()
  const { errorCode } = await authenticate(PLAIN_TOKEN)
  expect(errorCode).toBe(ERRORS.ILLEGAL_SASL_STATE.id)
  expect(peer.ended).toBe(true)
})

test('where nobody has to authenticate, who does is told so and goes on', async () => {
  client = await KafkaHandlerClient.open(adminHandlers)
  const illegal = ERRORS.ILLEGAL_SASL_STATE.id
  expect(await handshake('PLAIN')).toEqual({ errorCode: illegal, mechanisms: [] })
  expect((await authenticate(PLAIN_TOKEN)).errorCode).toBe(illegal)
  expect(client.peer.ended).toBe(false)
})

describe('session_lifetime_ms', () => {
  test('is told from version 1 on, and after it only authentication is served (KIP-368)', async () => {
    const clock = new ManualClock()
    const { peer } = await open({ 'connections.max.reauth.ms': '5000' }, clock)
    await handshake('PLAIN')
    expect((await authenticate(PLAIN_TOKEN, 1)).sessionLifetimeMs).toBe(5_000)
    clock.advance(4_999)
    expect(peer.mustAuthenticate).toBe(false)
    clock.advance(1)
    expect(peer.mustAuthenticate).toBe(true)
  })

  test('begins anew when the client authenticates again', async () => {
    const clock = new ManualClock()
    const { peer } = await open({ 'connections.max.reauth.ms': '5000' }, clock)
    for (let times = 0; times < 3; times++) {
      await handshake('PLAIN')
      await authenticate(PLAIN_TOKEN)
      clock.advance(4_000)
    }
    expect(peer.mustAuthenticate).toBe(false)
    clock.advance(1_000)
    expect(peer.mustAuthenticate).toBe(true)
    await handshake('PLAIN')
    await authenticate(PLAIN_TOKEN)
    expect(peer).toMatchObject({ mustAuthenticate: false, principal: 'User:ann' })
  })

  test('ends with a client that wants to become another', async () => {
    const { peer } = await open()
    await handshake('PLAIN')
    await authenticate(PLAIN_TOKEN)
    await handshake('PLAIN')
    const { errorCode } = await authenticate(Buffer.from('\0bob\0bob-secret'))
    expect(errorCode).toBe(ERRORS.SASL_AUTHENTICATION_FAILED.id)
    expect(peer).toMatchObject({ ended: true, principal: 'User:ann' })
  })
})

test('a file of users that is not there stops the start, by its option’s name', async () => {
  const options = { 'sasl.enabled.mechanisms': 'PLAIN', 'sasl.plain.users.file': '/nothing' }
  const opened = KafkaHandlerClient.open(adminHandlers, options)
  await expect(opened).rejects.toThrow(/sasl\.plain\.users\.file.*\/nothing/)
})
