// What every file system promises: the machine's, and its twin for tests, held to the same.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  makeDirectoryDurably,
  readWholeFile,
  replaceFile,
  replaceFileInPool,
  type FileSystem,
} from '../../src/io/file-system.ts'
import { realFileSystem } from '../../src/io/real-file-system.ts'
import { MemoryFileSystem } from '../support/memory-file-system.ts'

const kinds: readonly [string, () => FileSystem][] = [
  ['the machine’s disk', () => realFileSystem],
  ['the disk in memory', () => new MemoryFileSystem()],
]

describe.each(kinds)('%s', (_, make) => {
  let files: FileSystem
  let root: string

  beforeEach(() => {
    files = make()
    root = mkdtempSync(`${tmpdir()}/sluice-files-`)
    files.makeDirectory(root)
  })

  afterEach(() => rmSync(root, { recursive: true }))

  test('writes buffers one after the other, and reads them back', async () => {
    const file = files.open(`${root}/a`, 'create')
    file.write([Buffer.from('one'), Buffer.alloc(0), Buffer.from('two')], 0)
    file.write([Buffer.from('X')], 4)
    expect(file.sizeBytes).toBe(6)
    const into = Buffer.alloc(10)
    expect(file.read(into, 1)).toBe(5)
    expect(into.toString('latin1', 0, 5)).toBe('netXo')
    expect(await file.readCold(into, 3)).toBe(3)
    expect(into.toString('latin1', 0, 3)).toBe('tXo')
    expect(file.read(into, 6)).toBe(0)
    file.close()
  })

  test('takes more buffers than one system call does', () => {
    const file = files.open(`${root}/a`, 'create')
    const buffers = Array.from({ length: 2_500 }, (__, n) => Buffer.of(n & 0xff, n >> 8))
    file.write(buffers, 0)
    const content = readWholeFile(files, `${root}/a`)
    expect(content.equals(Buffer.concat(buffers))).toBe(true)
    file.close()
  })

  test('a write behind the end leaves zeroes between', () => {
    const file = files.open(`${root}/a`, 'create')
    file.write([Buffer.from('end')], 4)
    expect(readWholeFile(files, `${root}/a`)).toEqual(Buffer.from('\0\0\0\0end'))
    file.close()
  })

  test('cuts and extends', () => {
    const file = files.open(`${root}/a`, 'create')
    file.write([Buffer.from('abcdef')], 0)
    file.truncate(2)
    expect(file.sizeBytes).toBe(2)
    file.truncate(4)
    expect(readWholeFile(files, `${root}/a`)).toEqual(Buffer.from('ab\0\0'))
    file.close()
  })

  test('an open file outlives its name', async () => {
    const file = files.open(`${root}/a`, 'create')
    file.write([Buffer.from('abc')], 0)
    files.rename(`${root}/a`, `${root}/b`)
    files.remove(`${root}/b`)
    await file.sync()
    file.syncNow()
    const into = Buffer.alloc(3)
    expect(file.read(into, 0)).toBe(3)
    file.close()
    file.close()
    expect(() => file.read(into, 0)).toThrow(expect.objectContaining({ code: 'EBADF' }))
    await expect(file.sync()).rejects.toMatchObject({ code: 'EBADF' })
  })

  test('a sync that runs when the file is closed still ends', async () => {
    const file = files.open(`${root}/a`, 'create')
    file.write([Buffer.from('abc')], 0)
    const synced = file.sync()
    file.close()
    await synced
  })

  test('opens what is there, makes what is not when told to', () => {
    const missing = expect.objectContaining({ code: 'ENOENT' })
    expect(() => files.open(`${root}/a`, 'read')).toThrow(missing)
    expect(() => files.open(`${root}/a`, 'write')).toThrow(missing)
    expect(() => files.open(`${root}/no/a`, 'create')).toThrow(missing)
    files.open(`${root}/a`, 'create').close()
    const file = files.open(`${root}/a`, 'read')
    expect(() => file.write([Buffer.of(1)], 0)).toThrow(expect.objectContaining({ code: 'EBADF' }))
    file.close()
  })

  test('directories are made, listed, renamed and removed with all in them', () => {
    files.makeDirectory(`${root}/d/e`)
    files.makeDirectory(`${root}/d/e`)
    replaceFile(files, `${root}/d/f`, 'text')
    expect(files.list(`${root}/d`).sort()).toEqual(['e', 'f'])
    expect([files.isDirectory(`${root}/d/e`), files.isDirectory(`${root}/d/f`)]).toEqual([
      true,
      false,
    ])
    expect([files.exists(`${root}/d/f`), files.exists(`${root}/d/g`)]).toEqual([true, false])
    files.rename(`${root}/d`, `${root}/x`)
    files.syncDirectory(root)
    expect(readWholeFile(files, `${root}/x/f`).toString()).toBe('text')
    files.removeTree(`${root}/x`)
    files.removeTree(`${root}/x`)
    expect(files.list(`${root}/x`)).toEqual([])
    expect(files.isDirectory(`${root}/x`)).toBe(false)
  })

  test('a rename replaces what was there', () => {
    replaceFile(files, `${root}/a`, 'old')
    replaceFile(files, `${root}/a`, 'new')
    expect(readWholeFile(files, `${root}/a`).toString()).toBe('new')
    expect(files.list(root)).toEqual(['a'])
  })

  test('removes files and trees in the pool, also one that is open', async () => {
    files.makeDirectory(`${root}/d/e`)
    const file = files.open(`${root}/d/f`, 'create')
    file.write([Buffer.from('abc')], 0)
    await files.removeInPool(`${root}/d/f`)
    expect(files.list(`${root}/d`)).toEqual(['e'])
    expect(file.read(Buffer.alloc(3), 0)).toBe(3)
    file.close()
    const missing = { code: 'ENOENT' }
    await expect(files.removeInPool(`${root}/d/f`)).rejects.toMatchObject(missing)
    await files.removeTreeInPool(`${root}/d`)
    await files.removeTreeInPool(`${root}/d`)
    expect(files.list(root)).toEqual([])
    await files.syncDirectoryInPool(root)
    await expect(files.syncDirectoryInPool(`${root}/d`)).rejects.toMatchObject(missing)
  })

  test('frees a large file in the pool', async () => {
    const file = files.open(`${root}/f`, 'create')
    file.write([Buffer.alloc(9 * 1024 * 1024, 1)], 0)
    file.close()
    await files.freeInPool(`${root}/f`)
    expect(files.list(root)).toEqual([])
    await expect(files.freeInPool(`${root}/f`)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('frees the large files of a tree in the pool', async () => {
    files.makeDirectory(`${root}/d/e`)
    for (const name of ['f', 'e/g']) {
      const file = files.open(`${root}/d/${name}`, 'create')
      file.write([Buffer.alloc(9 * 1024 * 1024, 1)], 0)
      file.close()
    }
    await files.removeTreeInPool(`${root}/d`)
    expect(files.list(root)).toEqual([])
  })

  test('replaces a file in the pool, unless that is not wanted any more', async () => {
    expect(await replaceFileInPool(files, `${root}/a`, 'old')).toBe(true)
    const overtaken = replaceFileInPool(files, `${root}/a`, 'too late', () => false)
    replaceFile(files, `${root}/a`, 'new')
    expect(await overtaken).toBe(false)
    expect(readWholeFile(files, `${root}/a`).toString()).toBe('new')
    expect(files.list(root)).toEqual(['a'])
  })

  test('makes a directory with all above it', () => {
    makeDirectoryDurably(files, `${root}/x/y/z`)
    makeDirectoryDurably(files, `${root}/x/y/z`)
    expect(files.isDirectory(`${root}/x/y/z`)).toBe(true)
  })

  test('knows how much room there is', () => {
    expect(files.freeBytes(root)).toBeGreaterThan(0)
  })

  test('a directory has one owner at a time', () => {
    const release = files.lockDirectory(root)
    const busy = expect.objectContaining({ code: 'EBUSY', pid: expect.any(Number) })
    expect(() => files.lockDirectory(root)).toThrow(busy)
    release()
    files.lockDirectory(root)()
  })
})
