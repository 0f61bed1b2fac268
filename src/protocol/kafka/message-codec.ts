// What generated code is made of beside readers and writers: the shape of a codec, and the two
// refusals that every message shares.

import { BrokerError } from '../../base/errors.ts'
import type { FrameReader } from './frame-reader.ts'
import type { FrameWriter } from './frame-writer.ts'

/**
 * Reads and writes one message in each of its versions.
 *
 * A message read has all its fields: those that its version lacks have their defaults. For writing,
 * fields that have a default, or that some version lacks, may be left out.
 */
export interface MessageCodec<Message, Init = Message> {
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
  /** First version with compact lengths and tagged fields; Infinity for none. */
  readonly flexibleFrom: number

  /**
   * Reads a message; bytes behind it are left to the caller.
   *
   * @throws DecodeError when the bytes are no such message
   * @throws BrokerError UNSUPPORTED_VERSION
   */
  read(reader: FrameReader, version: number): Message

  /**
   * As `read`, in steps: it yields wherever it may stop for a while. Where no array is in any version
   * there is nothing to stop at, and it is left out; only requests have it.
   */
  readonly readInSteps?: (reader: FrameReader, version: number) => Generator<void, Message>

  /**
   * Writes a message.
   *
   * @throws BrokerError UNSUPPORTED_VERSION when the version is not known, or cannot say something
   *   that the message says
   */
  write(writer: FrameWriter, message: Init, version: number): void

  /** As `write`, in steps; see readInSteps. Only responses have it. */
  readonly writeInSteps?: (writer: FrameWriter, message: Init, version: number) => Generator<void>
}

/** An API: a request, and the response to it. */
export interface Api<Request, RequestInit, Response, ResponseInit> {
  readonly key: number
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
  readonly flexibleFrom: number
  readonly request: MessageCodec<Request, RequestInit>
  readonly response: MessageCodec<Response, ResponseInit>
}

/** An API of which only the bytes matter. */
export type AnyApi = Api<unknown, never, unknown, never>

export const NO_BYTES = Buffer.alloc(0)

/** The one empty array, for fields that a version lacks. */
export const NO_ITEMS: readonly never[] = []

/** @throws BrokerError UNSUPPORTED_VERSION outside [from, to] */
export function checkVersion(message: string, version: number, from: number, to: number): void {
  if (version >= from && version <= to) return
  throw new BrokerError('UNSUPPORTED_VERSION', { what: message, version, from, to })
}

/** Refuses to write a field that the version has no place for, or a null that it cannot say. */
export function refuse(struct: string, field: string, version: number): never {
  throw new BrokerError('UNSUPPORTED_VERSION', { what: `${struct}.${field}`, version })
}
