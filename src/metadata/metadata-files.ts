// The files of the embedded metadata store, in <data-dir>/metadata/.
//
//   0000000003-0000000000000812.snapshot     the image at version 812
//   0000000003-0000000000000812.log          changes from version 812 on
//   0000000004-0000000000001530.snapshot     the image at version 1530, and
//   0000000004-0000000000001530.log          changes from there on: the log that is written now
//   durable                                  the version that is on disk for certain (durable-mark.ts)
//   0000000002-….snapshot.damaged            kept for whoever wants to know what happened
//
// The first number is the generation: it grows with each roll, so two files never share a name even
// when nothing changed between two rolls. A log ends where the log of the next generation begins;
// what stands in it from there on was never acknowledged. The first log begins at version 0, which is
// the empty image and has no snapshot.
//
// A generation stays until the second roll after it: a damaged snapshot costs nothing then, since the
// one before and the logs since lead to the same image.

/** A file of one generation. */
export interface GenerationFile {
  readonly name: string
  readonly generation: number
  /** Version that it holds, or begins at. */
  readonly version: number
}

export type GenerationKind = 'snapshot' | 'log'

export function generationFile(
  kind: GenerationKind,
  generation: number,
  version: number,
): GenerationFile {
  const numbers = `${String(generation).padStart(10, '0')}-${String(version).padStart(16, '0')}`
  return { name: `${numbers}.${kind}`, generation, version }
}

/** Files of one kind among the names of a directory, oldest generation first. */
export function generationFiles(names: readonly string[], kind: GenerationKind): GenerationFile[] {
  const files = names.flatMap((name) => {
    const match = /^(\d{10})-(\d{16})\.([a-z]+)$/.exec(name)
    if (match === null || match[3] !== kind) return []
    return [{ name, generation: Number(match[1]), version: Number(match[2]) }]
  })
  return files.sort((a, b) => a.generation - b.generation)
}

/** The generation that no file has had yet. */
export function nextGeneration(names: readonly string[]): number {
  const generations = names.map((name) => Number(/^(\d{10})-/.exec(name)?.[1] ?? 0))
  return generations.reduce((newest, generation) => Math.max(newest, generation), 0) + 1
}

/**
 * Files that nobody needs once the newest snapshot is on disk: all that is older than the snapshot
 * before it, and than the log that goes on from there.
 */
export function obsoleteFiles(names: readonly string[]): string[] {
  const snapshots = generationFiles(names, 'snapshot')
  const logs = generationFiles(names, 'log')
  const fallback = snapshots.at(-2)
  if (fallback === undefined) return []
  const firstLog = logs.findLast(({ version }) => version <= fallback.version)
  return [
    ...snapshots.filter(({ generation }) => generation < fallback.generation),
    ...logs.filter(({ generation }) => generation < (firstLog?.generation ?? 0)),
  ].map(({ name }) => name)
}
