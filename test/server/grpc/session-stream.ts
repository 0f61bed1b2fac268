// A session of a group over a real connection, as tests of the gRPC front see it.

import { create, type MessageInitShape } from '@bufbuild/protobuf'
import * as pb from '../../../src/protocol/grpc/gen/sluice/v1/groups_pb.ts'
import type { SessionRecords, SessionResponse } from '../../../src/protocol/grpc/session-codec.ts'
import { GROUP_SERVICE } from '../../../src/protocol/grpc/services.ts'
import type { CallEnd, TestClient, TestStream } from '../../support/grpc-client.ts'

type Command = NonNullable<MessageInitShape<typeof pb.SessionRequestSchema>['command']>
type Event = Exclude<pb.SessionResponse['event'], { case: undefined }>
export type OpenInit = Exclude<MessageInitShape<typeof pb.OpenSessionSchema>, pb.OpenSession>

export class SessionStream {
  readonly #stream: TestStream<pb.SessionRequest, SessionResponse>

  /** Opens the call, and says nothing yet. */
  constructor(client: TestClient) {
    this.#stream = client.bidi(GROUP_SERVICE.session).read()
  }

  /** A session that reads topic "clicks" for group "g", unless it is told otherwise. */
  static open(client: TestClient, init: OpenInit = {}): SessionStream {
    const value = { groupId: 'g', subscription: { topics: ['clicks'] }, ...init }
    return new SessionStream(client).say({ case: 'open', value })
  }

  get end(): Promise<CallEnd> {
    return this.#stream.end
  }

  say(command: Command): this {
    this.#stream.write(create(pb.SessionRequestSchema, { command }))
    return this
  }

  sayNothing(): this {
    this.#stream.write(create(pb.SessionRequestSchema))
    return this
  }

  /** Acknowledges all that has come. */
  acknowledge(): void {
    const sequence = BigInt(this.#messages().at(-1)?.sequence ?? 0)
    this.say({ case: 'ack', value: { sequence } })
  }

  /** Ends the session. @returns how the call ended */
  async close(): Promise<CallEnd> {
    this.#stream.halfClose()
    return await this.end
  }

  cut(): void {
    this.#stream.cancel()
  }

  /** Values of the records that have come, as text. */
  values(): string[] {
    return this.#messages().flatMap(({ records }) => {
      return records.map(({ value }) => Buffer.from(value!).toString())
    })
  }

  events<C extends Event['case']>(kind: C): Extract<Event, { case: C }>['value'][] {
    const events = this.#stream.received.flatMap((each) => {
      return each.kind === 'event' ? [each.message.event] : []
    })
    return events.filter(({ case: name }) => name === kind).map(({ value }) => value as never)
  }

  /** Where it was told that it begins, as in "clicks-0@5". */
  assigned(): string[] {
    return this.events('assigned').flatMap(({ partitions }) => {
      return partitions.map(({ topic, partition, nextOffset }) => {
        return `${topic}-${partition}@${nextOffset}`
      })
    })
  }

  #messages(): SessionRecords[] {
    return this.#stream.received.flatMap((each) => (each.kind === 'records' ? [each.message] : []))
  }
}
