// Kills the process that it is loaded into, as `kill -9` does, at one of its calls to the disk: to be loaded
// by `node --import`, before the program and in each of its threads. The program knows nothing of it.
//
//   kill-at.ts?call=rename&path=%5C.log%5C.swap%24&nth=2&when=after
//
// All of src/io goes through these functions of node:fs.

import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/** A call to the disk. */
export interface KillPoint {
  readonly call: 'make' | 'rename' | 'remove'
  /** Matches the path: of a file that is made or removed, or the new one of a file that is renamed. */
  readonly path: RegExp
  /** Which of the calls that match, from 1 on, in the thread that makes them. Default: the first. */
  readonly nth?: number
  readonly when: 'before' | 'after'
}

/** Words for Node, in front of the program. */
export function killAt({ call, path, nth = 1, when }: KillPoint): string[] {
  const query = new URLSearchParams({ call, path: path.source, nth: String(nth), when })
  return ['--import', `${import.meta.url.split('?')[0]}?${query}`]
}

const wanted = new URL(import.meta.url).searchParams
if (wanted.has('call')) arm()

function arm(): void {
  const path = new RegExp(wanted.get('path')!)
  const isBefore = wanted.get('when') === 'before'
  let left = Number(wanted.get('nth'))
  const isTheOne = (call: KillPoint['call'], at: string): boolean => {
    return call === wanted.get('call') && path.test(at) && --left === 0
  }
  const around = <T>(call: KillPoint['call'], at: string, act: () => T): T => {
    const kills = isTheOne(call, at)
    if (kills && isBefore) die()
    const result = act()
    if (kills) die()
    return result
  }
  const { openSync, renameSync, unlinkSync } = fs
  fs.openSync = (at, flags, mode) => {
    const makes = (Number(flags) & fs.constants.O_CREAT) !== 0
    const open = (): number => openSync(at, flags, mode)
    return makes ? around('make', String(at), open) : open()
  }
  fs.renameSync = (from, to) => around('rename', String(to), () => renameSync(from, to))
  fs.unlinkSync = (at) => around('remove', String(at), () => unlinkSync(at))
  // Off the event loop: by the same call, since it is the last of the process or one that is counted.
  const inTurn = (act: () => void, callback: fs.NoParamCallback): void => {
    try {
      act()
      process.nextTick(callback, null)
    } catch (error) {
      process.nextTick(callback, error)
    }
  }
  const unlink = (at: fs.PathLike, callback: fs.NoParamCallback): void => {
    inTurn(() => fs.unlinkSync(at), callback)
  }
  const rename = (from: fs.PathLike, to: fs.PathLike, callback: fs.NoParamCallback): void => {
    inTurn(() => fs.renameSync(from, to), callback)
  }
  fs.unlink = Object.assign(unlink, { __promisify__: fs.unlink.__promisify__ })
  fs.rename = Object.assign(rename, { __promisify__: fs.rename.__promisify__ })
  syncBuiltinESMExports()
}

function die(): void {
  process.kill(process.pid, 'SIGKILL')
}
