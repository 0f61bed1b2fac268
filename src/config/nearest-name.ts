// The known name that somebody may have meant.

/**
 * The candidate with the fewest single-character edits from `name`, or null when none is near.
 *
 * Near is: at most a third of the name's characters are edited. Case does not count as an edit.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | null {
  const wanted = name.toLowerCase().slice(0, 128)
  let nearest: string | null = null
  let least = Math.floor(wanted.length / 3) + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - wanted.length) >= least) continue
    const distance = editDistance(wanted, candidate.toLowerCase())
    if (distance >= least) continue
    least = distance
    nearest = candidate
  }
  return nearest
}

/** Insertions, deletions and replacements that lead from `a` to `b` (Wagner and Fischer, 1974). */
function editDistance(a: string, b: string): number {
  // previous[j]: the distance of the first characters of `a` seen so far from the first j of `b`.
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min(replaced, previous[j]! + 1, current[j - 1]! + 1))
    }
    previous = current
  }
  return previous[b.length]!
}
