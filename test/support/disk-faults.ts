// Rules by which a simulated disk fails, and the count of calls that lets a test fail each in turn.

/** Calls that reach the disk, as the rules name them. `read` stands for cold reads too, `sync` for
 *  both ways of syncing a file. */
export type DiskOperation =
  | 'open'
  | 'write'
  | 'read'
  | 'truncate'
  | 'sync'
  | 'rename'
  | 'remove'
  | 'removeTree'
  | 'makeDirectory'
  | 'syncDirectory'
  | 'list'

/** Operations that change the disk: what a test that fails "every call" counts. */
export const CHANGES: readonly DiskOperation[] = [
  'open',
  'write',
  'truncate',
  'sync',
  'rename',
  'remove',
  'removeTree',
  'makeDirectory',
  'syncDirectory',
]

export interface FaultRule {
  /** Default: all of `CHANGES`. */
  readonly operation?: DiskOperation | readonly DiskOperation[]
  /** Only calls on paths that match. For a rename, the path it is renamed from. */
  readonly path?: RegExp
  /** The first matching call that fails, counted from 1. Default 1. */
  readonly nth?: number
  /** How many matching calls fail from there on. Default 1; Infinity until `cancel`. */
  readonly times?: number
  readonly code: 'EIO' | 'ENOSPC'
  /** For a write: bytes that reach the file before it fails. Default 0. */
  readonly partialBytes?: number
}

/** A rule at work. */
export interface Fault {
  /** Matching calls so far, those that failed among them. */
  readonly calls: number
  readonly failed: number
  cancel(): void
}

interface AddedRule {
  readonly rule: FaultRule
  calls: number
  failed: number
  readonly act?: () => void
}

export class DiskFaults {
  readonly #rules = new Set<AddedRule>()

  add(rule: FaultRule): Fault {
    const state = { rule, calls: 0, failed: 0, cancel: () => void this.#rules.delete(state) }
    this.#rules.add(state)
    return state
  }

  /** Counts matching calls without failing any: how many times a test has to run. */
  count(rule: Omit<FaultRule, 'code'> = {}): Fault {
    return this.add({ ...rule, code: 'EIO', times: 0 })
  }

  /** Acts when the nth matching call was made and whoever made it waits. No call fails. */
  act(rule: Omit<FaultRule, 'code' | 'times'>, act: () => void): void {
    this.#rules.add({ rule: { ...rule, code: 'EIO', times: 0 }, calls: 0, failed: 0, act })
  }

  /** Removes all rules: the disk works again. */
  clear(): void {
    this.#rules.clear()
  }

  /** @returns the rule that this call breaks by, or null when it may go on */
  next(operation: DiskOperation, path: string): FaultRule | null {
    let broken: FaultRule | null = null
    for (const state of this.#rules) {
      const { rule } = state
      if (!matches(rule, operation, path)) continue
      state.calls += 1
      const nth = rule.nth ?? 1
      if (state.calls === nth && state.act !== undefined) queueMicrotask(state.act)
      if (state.calls < nth || state.calls >= nth + (rule.times ?? 1)) continue
      state.failed += 1
      broken ??= rule
    }
    return broken
  }

  /** @throws the system's error, when a rule says so */
  check(operation: DiskOperation, path: string): void {
    const rule = this.next(operation, path)
    if (rule !== null) throw systemError(rule.code, operation, path)
  }
}

function matches(rule: FaultRule, operation: DiskOperation, path: string): boolean {
  const operations = rule.operation ?? CHANGES
  const named =
    typeof operations === 'string' ? operations === operation : operations.includes(operation)
  return named && (rule.path === undefined || rule.path.test(path))
}

/** An error as node:fs throws it. */
export function systemError(code: string, operation: string, path: string): Error {
  return Object.assign(new Error(`${code}: simulated, ${operation} '${path}'`), {
    code,
    syscall: operation,
    path,
  })
}
