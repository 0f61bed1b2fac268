// Reads one commit journal file: its whole entries, and what is wrong with the rest of it.

import type { Uuid } from '../../base/uuid.ts'
import type { File } from '../../io/file-system.ts'
import {
  checkJournalHeader,
  decodeEntry,
  ENTRY_HEADER_BYTES,
  findEntryMagic,
  JOURNAL_HEADER_BYTES,
  type Crc32c,
  type JournalEntry,
} from './journal-format.ts'

/** An entry, and where its bytes stand in the journal. */
export interface ScannedEntry extends JournalEntry {
  readonly bytesAt: number
}

/** Bytes that were synced once and cannot be read as entries now: `[positionBytes, …)`. */
export interface JournalDamage {
  readonly positionBytes: number
  readonly sizeBytes: number
  readonly reason: string
}

export interface JournalScan {
  /** It is the journal of another data directory: nothing in it is ours. */
  readonly foreign: boolean
  readonly sizeBytes: number
  /** In the order in which they were written. */
  readonly entries: readonly ScannedEntry[]
  readonly damage: readonly JournalDamage[]
}

/** Which file is scanned, and what it must say of itself. */
export interface JournalScanOptions {
  readonly fileNumber: number
  readonly directoryId: Uuid
  readonly crc32c: Crc32c
  /** Only the newest file may have been cut short. The others were synced to their end. */
  readonly isNewest: boolean
}

/**
 * Finds the entries of a journal.
 *
 * What a cut-short last round left is dropped in silence: nobody was told of it. Damage before it is
 * reported, and the entries behind the damage count.
 */
export function scanJournal(file: File, options: JournalScanOptions): JournalScan {
  const { fileNumber, directoryId, crc32c, isNewest } = options
  const bytes = Buffer.allocUnsafe(file.sizeBytes)
  const sizeBytes = file.read(bytes, 0)
  const content = bytes.subarray(0, sizeBytes)
  const wrong = checkJournalHeader(content, directoryId, fileNumber, crc32c)
  if (wrong?.startsWith('belongs to') === true) {
    const damage = [{ positionBytes: 0, sizeBytes, reason: wrong }]
    return { foreign: true, sizeBytes, entries: [], damage }
  }

  const { entries, bad } = findEntries(content, fileNumber, crc32c)
  if (wrong !== null && entries.length > 0) {
    bad.unshift({ positionBytes: 0, sizeBytes: JOURNAL_HEADER_BYTES, reason: wrong })
  }
  const lastRound = entries.at(-1)?.roundPositionBytes ?? 0
  const torn = isNewest ? bad.find(({ positionBytes }) => positionBytes >= lastRound) : undefined
  if (torn === undefined) return { foreign: false, sizeBytes, entries, damage: bad }
  return {
    foreign: false,
    sizeBytes,
    entries: entries.filter(({ bytesAt }) => bytesAt < torn.positionBytes),
    damage: bad.filter(({ positionBytes }) => positionBytes < lastRound),
  }
}

function findEntries(
  content: Buffer,
  fileNumber: number,
  crc32c: Crc32c,
): { entries: ScannedEntry[]; bad: JournalDamage[] } {
  const entries: ScannedEntry[] = []
  const bad: JournalDamage[] = []
  let at = JOURNAL_HEADER_BYTES
  let badFrom: number | null = null

  const endBad = (end: number): void => {
    if (badFrom === null) return
    bad.push({ positionBytes: badFrom, sizeBytes: end - badFrom, reason: 'no whole entry' })
    badFrom = null
  }

  while (at < content.byteLength) {
    const entry = decodeEntry(content, at, fileNumber, crc32c)
    if (entry !== null) {
      endBad(at)
      entries.push({ ...entry, bytesAt: at + ENTRY_HEADER_BYTES })
      at += ENTRY_HEADER_BYTES + entry.sizeBytes
      continue
    }
    badFrom ??= at
    const next = findEntryMagic(content, at + 1)
    at = next < 0 ? content.byteLength : next
  }
  endBad(content.byteLength)
  return { entries, bad }
}
