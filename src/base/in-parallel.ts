// Many asynchronous pieces of work at a time.

/**
 * Runs `work` on each item, in their order.
 *
 * @param width items that are worked on at the same time, 1 or more
 * @throws what `work` throws first; those that run by then go on
 */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values()
  const lane = async (): Promise<void> => {
    for (const item of rest) await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane))
}

/** As Promise.all, but rejects only when all have ended, so that none outlives the call. */
export async function allDone(running: readonly (Promise<unknown> | null)[]): Promise<void> {
  const results = await Promise.allSettled(running.filter((promise) => promise !== null))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}
