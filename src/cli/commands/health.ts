// sluice health: for container health checks, where no other HTTP client is at hand.

import { Failure } from '../failure.ts'
import { writeLine } from '../terminal.ts'

const TIMEOUT_MS = 3_000

/** @throws Failure when the broker is not ready, or does not answer */
export async function health({ http }: { readonly http: string }): Promise<void> {
  const url = `http://${http}/readyz`
  let response: Response
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Failure(`no broker answers at ${url}: ${reason}; --http says where it is`)
  }
  const body = (await response.text()).trim()
  if (!response.ok) throw new Failure(`${url} says ${response.status}: ${body}`)
  writeLine('ready')
}
