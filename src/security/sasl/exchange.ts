// One authentication by one mechanism, as messages that come and go.
//
//   client           server
//   token    ─────►  step   ──┬─► challenge       the client has to say more
//   token  ◄────────────────  ├─► authenticated   it is who it says it is
//                             └─► refused

export type SaslStep =
  | { readonly kind: 'challenge'; readonly token: Buffer }
  | {
      readonly kind: 'authenticated'
      /** What the client is told last; empty for nothing. */
      readonly token: Buffer
      readonly user: string
      /** When what the client showed runs out, milliseconds since 1970. Null: never. */
      readonly expiresAtMs: number | null
    }
  | {
      readonly kind: 'refused'
      /** For the client: says nothing that helps to guess. */
      readonly message: string
    }

export interface SaslExchange {
  /** Takes what the client said next. Called once at a time, and not again after an end. */
  step(token: Buffer): SaslStep
}

export interface SaslMechanism {
  /** @param host that the client connects from; guesses are counted by it */
  begin(host: string): SaslExchange
}

export const NO_TOKEN = Buffer.alloc(0)

export function refused(message: string): SaslStep {
  return { kind: 'refused', message }
}
