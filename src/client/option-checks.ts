// Checks of options: each refusal names the option, what was given and what is allowed.

import { SluiceError } from './errors.ts'

/** @throws SluiceError INVALID_OPTION, unless `value` is absent or a whole number in the range */
export function checkNumber(
  option: string,
  value: number | undefined,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): void {
  if (value === undefined) return
  if (Number.isSafeInteger(value) && value >= least && value <= most) return
  const allowed = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`
  refuse(option, value, `a whole number, ${allowed}`)
}

/** @throws SluiceError INVALID_OPTION, unless `value` is absent or one of those allowed */
export function checkOneOf(
  option: string,
  value: string | number | undefined,
  allowed: readonly (string | number)[],
): void {
  if (value === undefined || allowed.includes(value)) return
  refuse(option, value, `one of ${allowed.join(', ')}`)
}

function refuse(option: string, value: string | number, allowed: string): never {
  const message = `${option} must be ${allowed}`
  throw new SluiceError('INVALID_OPTION', { option, value }, { message })
}
