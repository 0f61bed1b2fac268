// A lock on a directory that dies with its owner. Node has no flock(2), so the owner is named in a
// file, and a lock whose owner does not live is taken over.
//
//   .lock     "<process id> <start time of that process> <boot id of the machine>\n"
//
// A process id alone would not do: it is used again, and in a container the broker is process 1
// each time. The start time (clock ticks since boot, field 22 of /proc/<pid>/stat) and the boot id
// tell two owners of one number apart. Where there is no /proc both are "-", and the number decides.

import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

const NAME = '.lock'

/** See FileSystem.lockDirectory. */
export function lockDirectory(path: string): () => void {
  const lock = `${path}/${NAME}`
  const mine = `${process.pid} ${startTimeOf(process.pid)} ${bootId()}\n`
  // Written beside and linked into place: a lock file is never seen without its content.
  const candidate = `${lock}.${process.pid}`
  writeFileSync(candidate, mine)
  try {
    for (;;) {
      if (tryLink(candidate, lock)) break
      const owner = readOrNull(lock)
      if (owner !== null && lives(owner)) throw heldBy(owner, path)
      if (owner !== null) removeStale(lock, owner)
    }
  } finally {
    rmSync(candidate, { force: true })
  }
  return () => {
    if (readOrNull(lock) === mine) rmSync(lock, { force: true })
  }
}

function tryLink(candidate: string, lock: string): boolean {
  try {
    linkSync(candidate, lock)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Moves the lock away and looks again: another process may have taken it over just before. */
function removeStale(lock: string, owner: string): void {
  const aside = `${lock}.${process.pid}.stale`
  try {
    renameSync(lock, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  if (readOrNull(aside) !== owner) tryLink(aside, lock)
  rmSync(aside, { force: true })
}

function lives(owner: string): boolean {
  const match = /^(\d+) (\S+) (\S+)\n$/.exec(owner)
  if (match === null) return false // torn by a power cut: its writer is gone
  const pid = Number(match[1])
  if (match[3] !== bootId()) return false
  if (match[2] !== '-') return startTimeOf(pid) === match[2]
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function startTimeOf(pid: number): string {
  const stat = readOrNull(`/proc/${pid}/stat`)
  // The second field is the program's name in parentheses, and may hold blanks and parentheses.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '-'
}

function bootId(): string {
  return readOrNull('/proc/sys/kernel/random/boot_id')?.trim() ?? '-'
}

function readOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return null
    throw error
  }
}

function heldBy(owner: string, path: string): Error {
  const pid = Number.parseInt(owner, 10)
  const message = `EBUSY: process ${pid} uses the directory '${path}'`
  return Object.assign(new Error(message), { code: 'EBUSY', pid })
}
