// Headers as a user gives them.

import type { Header } from '../../record/record.ts'

/** A text is written in UTF-8. Null and empty are different. */
export type HeaderValue = Uint8Array | string | null

/** In order, the same key as often as one likes; or an object, where each key comes once. */
export type HeadersInput =
  | readonly { readonly key: string; readonly value: HeaderValue }[]
  | Readonly<Record<string, HeaderValue>>

export function headersOf(input: HeadersInput): readonly Header[] {
  if (isList(input)) return input.map(({ key, value }) => ({ key, value: bytesOf(value) }))
  return Object.entries(input).map(([key, value]) => ({ key, value: bytesOf(value) }))
}

function isList(input: HeadersInput): input is Extract<HeadersInput, readonly unknown[]> {
  return Array.isArray(input)
}

function bytesOf(value: HeaderValue): Uint8Array | null {
  return typeof value === 'string' ? Buffer.from(value) : value
}
