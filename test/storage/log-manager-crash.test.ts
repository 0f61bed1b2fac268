// Random lives of a data directory, each cut short by a power cut at a random moment. What was told
// to be durable is there, what was deleted or cut stays so, and the next life goes on from there.

import { expect, test } from 'vitest'
import { MemoryFileSystem } from '../support/memory-file-system.ts'
import { SeededRandom } from '../support/seeded-random.ts'
import { ManagerFixture } from './manager-fixture.ts'

/** Seeds that run by default. SEEDS=n runs more of them. */
const SEEDS = Number(process.env['SEEDS'] ?? 60)
const FIRST_SEED = Number(process.env['SEED'] ?? 1)

class Life {
  readonly rig: ManagerFixture
  readonly random: SeededRandom
  readonly message: string
  /** Where logs were told to start, and where they were cut and not appended to since. */
  readonly starts = new Map<string, number>()
  readonly cuts = new Map<string, number>()
  topics = 0
  /** Topics of which not all logs could be made. */
  readonly halfMade = new Set<string>()
  /** Lets syncs go on that are held. */
  release = (): void => undefined

  constructor(rig: ManagerFixture, random: SeededRandom, message: string) {
    this.rig = rig
    this.random = random
    this.message = message
  }

  async step(): Promise<void> {
    const { rig, random } = this
    const draw = random.below(100)
    if (draw >= 78 && draw < 94) this.release() // these wait for syncs
    if (draw < 50) this.#appendSome()
    else if (draw < 70) await rig.clock.settle()
    else if (draw < 78) await rig.pass(random.between(100, 4_000))
    else if (draw < 82) await rig.settled(rig.manager.runRetention())
    else if (draw < 86) await this.#deleteRecords()
    else if (draw < 90) await this.#cut()
    else if (draw < 92) await this.#newTopic()
    else if (draw < 94) await this.#deleteTopic()
    else if (draw < 97) this.#fail()
    else {
      this.release()
      this.release = rig.files.holdSyncs()
    }
    if (random.chance(0.5)) this.release()
  }

  #appendSome(): void {
    const chance = this.random.pick([0.1, 0.9])
    for (const log of this.rig.logs()) {
      if (log.offline !== null || !this.random.chance(chance)) continue
      this.cuts.delete(log.name)
      try {
        for (let n = this.random.between(1, 3); n > 0; n--) this.rig.append(log)
      } catch (error) {
        expect(error).toMatchObject({ code: 'KAFKA_STORAGE_ERROR' })
      }
    }
  }

  async #deleteRecords(): Promise<void> {
    const log = this.random.pick(this.rig.logs())
    const { logStartOffset, durableOffset } = log
    if (log.offline !== null || durableOffset <= logStartOffset) return
    const offset = this.random.between(logStartOffset, durableOffset)
    try {
      await this.rig.settled(this.rig.manager.deleteRecordsBefore(log, offset))
      this.starts.set(log.name, offset)
    } catch (error) {
      expect(error).toMatchObject({ code: 'KAFKA_STORAGE_ERROR' })
    }
  }

  async #cut(): Promise<void> {
    const { rig, random } = this
    const log = random.pick(rig.logs())
    if (log.offline !== null) return
    const offset = random.between(log.logStartOffset, log.logEndOffset)
    const cutting = rig.manager.truncate(log, offset)
    // Told durable or not: what is being cut may be there or not until it is done.
    rig.forgetAbove(log.name, offset)
    try {
      await rig.settled(cutting)
      this.cuts.set(log.name, log.logEndOffset)
    } catch (error) {
      expect(error).toMatchObject({ code: 'KAFKA_STORAGE_ERROR' })
    }
  }

  async #newTopic(): Promise<void> {
    const { rig, random } = this
    const config = random.chance(0.5) ? {} : { retentionBytes: 4_000 }
    const name = `t${this.topics++}`
    try {
      await rig.topic(name, random.between(1, 12), config)
    } catch (error) {
      this.halfMade.add(name)
      expect(error).toMatchObject({ code: 'KAFKA_STORAGE_ERROR' })
    }
  }

  async #deleteTopic(): Promise<void> {
    const { rig, random } = this
    const log = random.pick(rig.logs())
    try {
      await rig.settled(rig.manager.delete(log))
      rig.deleted.add(log.name)
      rig.sent.delete(log.name)
      this.starts.delete(log.name)
      this.cuts.delete(log.name)
    } catch (error) {
      expect(error).toMatchObject({ code: 'KAFKA_STORAGE_ERROR' })
    }
  }

  #fail(): void {
    const { rig, random } = this
    const operation = random.pick(['write', 'sync', 'open', 'rename', 'syncDirectory'] as const)
    const path = random.pick([/commit-journal/, /t0-0/, /t1-/, /checkpoint/, /^\/data$/])
    const times = random.pick([1, 1, 3])
    const nth = random.between(1, 3)
    rig.files.faults.add({ operation, path, nth, times, code: random.pick(['EIO', 'ENOSPC']) })
  }

  /** Cuts the power, starts again, and looks. */
  async cutPower(): Promise<void> {
    const { rig, random, message } = this
    const before = new Map(rig.logs().map((log) => [log.name, log.durableOffset]))
    const unopened = [...rig.manager.offline().keys()].filter((name) => !before.has(name))
    rig.files.crash(random)
    await rig.open()
    const expected = new Set([...before.keys(), ...unopened])
    // A log that could not be made is taken away again, and a power cut may undo that: it is empty.
    const names = rig.logs().flatMap(({ name, topic, logEndOffset }) => {
      const cameBack = !expected.has(name) && this.halfMade.has(topic) && logEndOffset === 0
      return cameBack ? [] : [name]
    })
    expect(new Set(names), message).toEqual(expected)
    for (const log of rig.logs()) {
      expect(log.logStartOffset, message).toBeGreaterThanOrEqual(this.starts.get(log.name) ?? 0)
      const cut = this.cuts.get(log.name) ?? Infinity
      expect(log.logEndOffset, `${message}: ${log.name}`).toBeLessThanOrEqual(cut)
      const durable = before.get(log.name) ?? 0
      await rig.expectKept(log, durable, message)
    }
    expect(rig.heard.damage, message).toEqual([])
  }
}

test(`nothing durable is lost in ${SEEDS} lives`, { timeout: 300_000 }, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const random = new SeededRandom(seed)
    const rig = new ManagerFixture(new MemoryFileSystem())
    await rig.open()
    const life = new Life(rig, random, `seed ${seed}`)
    await rig.topic('t0', random.between(1, 3), {})
    await rig.topic('t1', random.between(1, 25), { retentionBytes: 5_000 })
    life.topics = 2
    for (let lives = random.between(1, 3); lives > 0; lives--) {
      for (let steps = random.between(1, 50); steps > 0; steps--) {
        if (rig.logs().length > 0) await life.step()
      }
      await life.cutPower()
    }
  }
})
