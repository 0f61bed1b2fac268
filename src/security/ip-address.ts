// What is an address.

import { isIP } from 'node:net'

/** True for IPv4 and IPv6 as they are written. */
export function isIpAddress(text: string): boolean {
  return isIP(text) !== 0
}
