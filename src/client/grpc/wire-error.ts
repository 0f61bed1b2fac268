// The error of one of many, as it stands in an answer.

import type { Error as WireError } from '../../protocol/grpc/gen/sluice/v1/records_pb.ts'
import { errorOfNumber } from '../errors.ts'
import type { SluiceError } from '../errors.ts'

/** @returns null where there is none */
export function errorOf(error: WireError | undefined): SluiceError | null {
  if (error === undefined) return null
  return errorOfNumber(error.code, error.message, error.retriable, error.metadata)
}
