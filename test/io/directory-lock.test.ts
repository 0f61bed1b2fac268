// Locks whose owner is gone, in each way that an owner can be gone.

import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lockDirectory } from '../../src/io/directory-lock.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/sluice-lock-`)
})
afterEach(() => rmSync(root, { recursive: true }))

/** What this process writes into a lock. */
function own(): { pid: string; start: string; boot: string } {
  const release = lockDirectory(root)
  const [pid, start, boot] = readFileSync(`${root}/.lock`, 'utf8').trim().split(' ')
  release()
  return { pid: pid!, start: start!, boot: boot! }
}

test.each([
  ['a process that is gone', () => `4194304 1234 ${own().boot}\n`],
  [
    'an earlier process with this number, as in a new container',
    () => `${own().pid} 1 ${own().boot}\n`,
  ],
  ['a process before the machine was started', () => `${own().pid} ${own().start} other\n`],
  ['nobody can tell whom, since a power cut tore it', () => '12'],
  ['nobody', () => ''],
])('a lock of %s is taken over', (_, content) => {
  writeFileSync(`${root}/.lock`, content())
  const release = lockDirectory(root)
  expect(readFileSync(`${root}/.lock`, 'utf8')).toMatch(new RegExp(`^${process.pid} `))
  expect(() => lockDirectory(root)).toThrow(expect.objectContaining({ code: 'EBUSY' }))
  release()
  expect(readdirSync(root)).toEqual([])
})

test('the lock of another process that lives holds', () => {
  // Process 1 lives, and its start time is what /proc says.
  const stat = readFileSync('/proc/1/stat', 'utf8')
  const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  writeFileSync(`${root}/.lock`, `1 ${start} ${own().boot}\n`)
  expect(() => lockDirectory(root)).toThrow(expect.objectContaining({ code: 'EBUSY', pid: 1 }))
  expect(readdirSync(root)).toEqual(['.lock'])
})

test('who was displaced does not take the new owner’s lock away', () => {
  const release = lockDirectory(root)
  writeFileSync(`${root}/.lock`, '1 2 3\n')
  release()
  expect(readFileSync(`${root}/.lock`, 'utf8')).toBe('1 2 3\n')
})
