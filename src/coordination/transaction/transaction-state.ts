// States of a transactional id, by their numbers on record.
//
//                 ┌───────────────── init ──────────────────┐
//                 ▼                                         │
//   init ──►  Empty ──── add ───►  Ongoing                  │
//                 ▲                  │   │ (init or timeout: the epoch goes up first)
//                 │      end: commit │   │ end: abort        │
//                 │                  ▼   ▼                   │
//                 │      PrepareCommit   PrepareAbort        │
//                 │ markers written  │   │                   │
//                 │                  ▼   ▼                   │
//                 └─ init ─ CompleteCommit, CompleteAbort ───┴── add ──► Ongoing
//
// With transactions of version 2 an abort may come in Empty, CompleteCommit and CompleteAbort too: the
// client cannot know whether its produce request began one. Dead is an id that is being forgotten;
// PrepareEpochFence is never on record.
// Source: apache/kafka, TransactionState.java.

export const TRANSACTION_STATES = {
  Empty: 0,
  Ongoing: 1,
  PrepareCommit: 2,
  PrepareAbort: 3,
  CompleteCommit: 4,
  CompleteAbort: 5,
  Dead: 6,
  PrepareEpochFence: 7,
} as const

export type TransactionStateName = keyof typeof TRANSACTION_STATES

const NAMES = Object.keys(TRANSACTION_STATES) as TransactionStateName[]

/** The state that a number stands for; null where it stands for none. */
export function stateOf(id: number): TransactionStateName | null {
  return NAMES.find((name) => TRANSACTION_STATES[name] === id) ?? null
}

export function isStateName(name: string): name is TransactionStateName {
  return Object.hasOwn(TRANSACTION_STATES, name)
}
