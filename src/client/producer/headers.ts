// Headers as a user gives them.

import type { Header } from '../../record/record.ts'

/** A text is written in UTF-8. Null and empty are different. */
export type HeaderValue = Uint8Array | string | null

/** In order; the same key may come more than once. */
export type HeadersInput = readonly { readonly key: string; readonly value: HeaderValue }[]

export function headersOf(input: HeadersInput): readonly Header[] {
  return input.map(({ key, value }) => {
    return { key, value: typeof value === 'string' ? Buffer.from(value) : value }
  })
}
