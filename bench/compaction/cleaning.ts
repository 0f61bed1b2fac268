// Both cleaners over the same logs in turns, each a process that has cleaned other logs before.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { touchMemory } from '../support/touch-memory.ts'
import { CleanerProcess, type PassFigures } from './cleaner-process.ts'
import {
  contentsOf,
  copyLog,
  fillLog,
  PARTITION,
  SHAPES,
  type FilledLog,
  type Shape,
} from './shapes.ts'

export interface CleaningOptions {
  /** As fetchKafka gives it. */
  readonly classpath: string
  readonly rounds: number
  /** 1 for logs of 256 MB. */
  readonly scale: number
  /** Which shapes: those whose name has it. */
  readonly only: string
}

/** What both made of one log, round by round. */
export interface CleaningCell {
  readonly shape: Shape
  readonly log: FilledLog
  /** Records that stayed, by both. */
  readonly left: number
  readonly ours: readonly PassFigures[]
  readonly theirs: readonly PassFigures[]
}

/** Passes of both before anything is measured, over a small log of each shape, and their size. */
const WARM_PASSES = 2
const WARM_SCALE = 0.1

export async function cleaningCells(options: CleaningOptions): Promise<CleaningCell[]> {
  const shapes = SHAPES.filter(({ name }) => name.includes(options.only))
  if (shapes.length === 0) return []
  const directory = mkdtempSync(join(tmpdir(), 'sluice-compaction-'))
  const pair = [
    CleanerProcess.sluice(),
    CleanerProcess.kafka(options.classpath, directory),
  ] as const
  const turns = new Turns(pair, directory)
  try {
    await turns.warmUp(shapes, Math.min(WARM_SCALE, options.scale))
    const cells: CleaningCell[] = []
    for (const shape of shapes) cells.push(await turns.cell(shape, options))
    return cells
  } finally {
    for (const cleaner of pair) await cleaner.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

type Pair = readonly [ours: CleanerProcess, theirs: CleanerProcess]

class Turns {
  readonly #pair: Pair
  readonly #directory: string
  #logs = 0

  constructor(pair: Pair, directory: string) {
    this.#pair = pair
    this.#directory = directory
  }

  async warmUp(shapes: readonly Shape[], scale: number): Promise<void> {
    for (const shape of shapes) {
      const log = await fillLog(this.#nextDirectory(), shape, scale)
      for (let pass = 0; pass < WARM_PASSES; pass++) {
        for (const cleaner of this.#pair) await this.#clean(cleaner, log)
      }
      rmSync(log.directory, { recursive: true })
    }
  }

  /** Who begins changes from round to round. */
  async cell(shape: Shape, { rounds, scale }: CleaningOptions): Promise<CleaningCell> {
    const [ours, theirs] = this.#pair
    const log = await fillLog(this.#nextDirectory(), shape, scale)
    const figures = { ours: [] as PassFigures[], theirs: [] as PassFigures[] }
    const left = new Set<number>()
    for (let round = 0; round < rounds; round++) {
      touchMemory(this.#directory)
      for (const cleaner of round % 2 === 0 ? [ours, theirs] : [theirs, ours]) {
        const { recordCount, ...pass } = await this.#clean(cleaner, log)
        left.add(recordCount)
        figures[cleaner === ours ? 'ours' : 'theirs'].push(pass)
        const speed = Math.round(log.sizeBytes / 1e6 / pass.seconds)
        process.stderr.write(`  ${shape.name}: ${cleaner.name} ${speed} MB/s\n`)
      }
    }
    if (left.size !== 1) throw new Error(`${shape.name}: what stays is not the same: ${[...left]}`)
    rmSync(log.directory, { recursive: true })
    return { shape, log, left: [...left][0]!, ...figures }
  }

  /** One pass over a log of its own. @returns what it took, and how many records are left */
  async #clean(
    cleaner: CleanerProcess,
    log: FilledLog,
  ): Promise<PassFigures & { readonly recordCount: number }> {
    const directory = this.#nextDirectory()
    copyLog(log.directory, directory)
    const figures = await cleaner.clean(directory)
    const { recordCount } = contentsOf(join(directory, PARTITION))
    rmSync(directory, { recursive: true })
    return { ...figures, recordCount }
  }

  #nextDirectory(): string {
    this.#logs += 1
    return join(this.#directory, `log-${this.#logs}`)
  }
}
