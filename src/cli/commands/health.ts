// sluice health: for container health checks, where no other HTTP client is at hand.

import { tell, writeLine } from '../terminal.ts'

export async function health(flags: { readonly http: string }): Promise<void> {
  const url = `http://${flags.http}/readyz`
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(3_000) })
    if (response.ok) return writeLine('ready')
    tell(`sluice: ${url} says ${response.status}: ${(await response.text()).trim()}`)
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    tell(`sluice: ${url} does not answer: ${cause instanceof Error ? cause.message : cause}`)
  }
  process.exitCode = 1
}
