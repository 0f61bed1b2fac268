// Whole frames: a size, a header, a message.
//
//   | int32 size of what follows | header | body |
//
// The size is the connection's business when reading: readers here begin behind it.

import type { FrameReader } from './frame-reader.ts'
import type { FrameWriter } from './frame-writer.ts'
import { readResponseHeader, writeRequestHeader, writeResponseHeader } from './header.ts'
import type { Api } from './message-codec.ts'

/** What a client says about a request beside its content. */
export interface RequestFacts {
  readonly version: number
  readonly correlationId: number
  readonly clientId: string | null
}

/**
 * Writes a request.
 *
 * @returns the parts of the frame; FrameWriter says who owns them
 * @throws BrokerError UNSUPPORTED_VERSION when the version cannot say what the message says
 */
export function writeRequest<Init>(
  writer: FrameWriter,
  api: Api<unknown, Init, unknown, never>,
  { version, correlationId, clientId }: RequestFacts,
  message: Init,
): Buffer[] {
  writer.beginFrame()
  writeRequestHeader(writer, { apiKey: api.key, apiVersion: version, correlationId, clientId })
  api.request.write(writer, message, version)
  return writer.endFrame()
}

/**
 * Writes a response.
 *
 * @returns the parts of the frame; FrameWriter says who owns them
 * @throws BrokerError UNSUPPORTED_VERSION when the version cannot say what the message says
 */
export function writeResponse<Init>(
  writer: FrameWriter,
  api: Api<unknown, never, unknown, Init>,
  version: number,
  correlationId: number,
  message: Init,
): Buffer[] {
  writer.beginFrame()
  writeResponseHeader(writer, api.key, version, correlationId)
  api.response.write(writer, message, version)
  return writer.endFrame()
}

/** As writeResponse, in steps: the frame is no other's, and neither is the writer meanwhile. */
export function* writeResponseInSteps<Init>(
  writer: FrameWriter,
  api: Api<unknown, never, unknown, Init>,
  version: number,
  correlationId: number,
  message: Init,
): Generator<void, Buffer[]> {
  writer.beginFrame()
  writeResponseHeader(writer, api.key, version, correlationId)
  const { write, writeInSteps } = api.response
  if (writeInSteps === undefined) write(writer, message, version)
  else yield* writeInSteps(writer, message, version)
  return writer.endFrame()
}

/**
 * Reads the response to a request of this version.
 *
 * @throws DecodeError
 */
export function readResponse<Response>(
  reader: FrameReader,
  api: Api<unknown, never, Response, never>,
  version: number,
): { correlationId: number; message: Response } {
  const correlationId = readResponseHeader(reader, api.key, version)
  return { correlationId, message: api.response.read(reader, version) }
}
