// 64-bit numbers of protobuf-es, which are bigints, as plain numbers and back.

import { BrokerError } from '../../base/errors.ts'

/** @throws BrokerError INVALID_REQUEST outside ±(2^53 - 1): no offset, size or time is that large */
export function safeNumber(value: bigint, field: string): number {
  const number = Number(value)
  if (Number.isSafeInteger(number)) return number
  const message = `${field} is outside the numbers that a log can hold`
  throw new BrokerError('INVALID_REQUEST', { message, [field]: String(value) })
}
