// The headers before each request and response, after the size of the frame.
//
//   request v1   int16 api key | int16 api version | int32 correlation id | client id
//   request v2   the same, then tagged fields
//   response v0  int32 correlation id
//   response v1  the same, then tagged fields
//
// v2 and v1 stand before flexible versions. Two exceptions: the client id is a string or null with
// an int16 length in both, and ApiVersions responses always have v0, since the client does not know
// yet what the broker speaks. Request v0, without a client id, belonged to an API between brokers
// that Kafka 4 no longer has.
//
// Source: RequestHeader and ResponseHeader of apache/kafka; KIP-482; KIP-511.

import { apiOf } from './api-table.ts'
import type { FrameReader } from './frame-reader.ts'
import type { FrameWriter } from './frame-writer.ts'
import { API_KEYS } from './gen/api-keys.ts'

export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  /** Comes back in the response. */
  readonly correlationId: number
  readonly clientId: string | null
}

/**
 * Reads a request header.
 *
 * Of an API or a version that is not known the tagged fields are left unread: nobody can say
 * whether there are any. Such a request is refused whatever its body says.
 *
 * @throws DecodeError
 */
export function readRequestHeader(reader: FrameReader): RequestHeader {
  const apiKey = reader.int16()
  const apiVersion = reader.int16()
  const correlationId = reader.int32()
  const clientId = reader.classicNullableString()
  reader.flexible = isFlexible(apiKey, apiVersion)
  reader.skipTags()
  return { apiKey, apiVersion, correlationId, clientId }
}

export function writeRequestHeader(writer: FrameWriter, header: RequestHeader): void {
  writer.int16(header.apiKey)
  writer.int16(header.apiVersion)
  writer.int32(header.correlationId)
  writer.classicNullableString(header.clientId)
  writer.flexible = isFlexible(header.apiKey, header.apiVersion)
  writer.noTags()
}

/**
 * Reads the header of the response to a request of this API and version.
 *
 * @returns the correlation id
 * @throws DecodeError
 */
export function readResponseHeader(reader: FrameReader, apiKey: number, version: number): number {
  const correlationId = reader.int32()
  reader.flexible = hasFlexibleResponseHeader(apiKey, version)
  reader.skipTags()
  return correlationId
}

export function writeResponseHeader(
  writer: FrameWriter,
  apiKey: number,
  version: number,
  correlationId: number,
): void {
  writer.int32(correlationId)
  writer.flexible = hasFlexibleResponseHeader(apiKey, version)
  writer.noTags()
}

function isFlexible(apiKey: number, version: number): boolean {
  return version >= (apiOf(apiKey)?.flexibleFrom ?? Infinity)
}

function hasFlexibleResponseHeader(apiKey: number, version: number): boolean {
  return apiKey !== API_KEYS.ApiVersions && isFlexible(apiKey, version)
}
