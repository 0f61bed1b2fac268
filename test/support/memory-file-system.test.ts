// The simulated disk forgets and fails as it says. What it has in common with a real one is checked
// in test/io/file-system.test.ts.

import { expect, test } from 'vitest'
import { readWholeFile, replaceFile } from '../../src/io/file-system.ts'
import { MemoryFileSystem } from './memory-file-system.ts'
import { SeededRandom } from './seeded-random.ts'

function diskWith(path: string, content: string): MemoryFileSystem {
  const files = new MemoryFileSystem()
  files.put(path, Buffer.from(content))
  return files
}

test('a power cut takes what was not synced, and a kill does not', () => {
  const files = diskWith('/d/a', 'old')
  const file = files.open('/d/a', 'write')
  file.write([Buffer.from('new!')], 0)
  files.open('/d/b', 'create')
  const killed = files.clone()
  killed.kill()
  expect(readWholeFile(killed, '/d/a').toString()).toBe('new!')
  expect(killed.list('/d').sort()).toEqual(['a', 'b'])

  files.crash()
  expect(() => file.read(Buffer.alloc(1), 0)).toThrow(/EBADF/)
  expect(readWholeFile(files, '/d/a').toString()).toBe('old')
  expect(files.list('/d')).toEqual(['a'])
})

test('a sync covers what was written before it began, and no more', async () => {
  const files = diskWith('/d/a', '')
  const file = files.open('/d/a', 'write')
  const release = files.holdSyncs()
  file.write([Buffer.from('one')], 0)
  const synced = file.sync()
  file.write([Buffer.from('two')], 3)
  release()
  await synced
  expect(files.durableContentOf('/d/a').toString()).toBe('one')
})

test('a failed sync is reported once, and its bytes are lost though later ones are not', async () => {
  const files = diskWith('/d/a', '')
  const file = files.open('/d/a', 'write')
  file.write([Buffer.from('one')], 0)
  files.faults.add({ operation: 'sync', code: 'EIO' })
  await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' })
  file.write([Buffer.from('two')], 3)
  await file.sync()
  expect(readWholeFile(files, '/d/a').toString()).toBe('onetwo')
  files.dropCache('/d/a')
  expect(readWholeFile(files, '/d/a').toString()).toBe('\0\0\0two')
})

test('a directory’s sync in the pool covers what was changed before it began, and no more', async () => {
  const files = diskWith('/d/a', 'a')
  const release = files.holdSyncs()
  files.rename('/d/a', '/d/b')
  const synced = files.syncDirectoryInPool('/d')
  files.rename('/d/b', '/d/c')
  release()
  await synced
  files.crash()
  expect(files.list('/d')).toEqual(['b'])
})

test('a sync of a directory that blocks meanwhile is not undone', async () => {
  const files = diskWith('/d/a', 'a')
  const release = files.holdSyncs()
  files.open('/d/b', 'create').close()
  const synced = files.syncDirectoryInPool('/d')
  files.remove('/d/b')
  files.syncDirectory('/d')
  release()
  await synced
  files.crash()
  expect(files.list('/d')).toEqual(['a'])
})

test('names are on disk when their directory was synced', () => {
  const files = diskWith('/d/a', 'a')
  files.rename('/d/a', '/d/b')
  files.open('/d/c', 'create')
  const forgetful = files.clone()
  forgetful.crash()
  expect(forgetful.list('/d')).toEqual(['a'])
  files.syncDirectory('/d')
  files.crash()
  expect(files.list('/d').sort()).toEqual(['b', 'c'])
})

test('a power cut keeps any of several writes, whole or torn at sectors', () => {
  const seen = new Set<string>()
  for (let seed = 0; seed < 400; seed++) {
    const files = diskWith('/d/a', '')
    const file = files.open('/d/a', 'write')
    file.write([Buffer.alloc(700, 'x')], 0)
    file.write([Buffer.alloc(100, 'y')], 700)
    files.crash(new SeededRandom(seed))
    const content = readWholeFile(files, '/d/a').toString('latin1')
    seen.add(content.replace(/x+/g, 'x').replace(/y+/g, 'y').replace(/\0+/g, '0'))
  }
  expect([...seen].sort()).toEqual(['', '0x', '0xy', '0y', 'x', 'x0y', 'xy'])
})

test('replacing a file leaves the old or the new content after a power cut at any call', () => {
  for (let nth = 1; ; nth++) {
    const files = diskWith('/d/a', 'old')
    const rule = files.faults.add({ nth, times: Infinity, code: 'EIO' })
    try {
      replaceFile(files, '/d/a', 'new')
    } catch {
      // The power went here.
    }
    const { failed } = rule
    for (let seed = 0; seed < 20; seed++) {
      const after = files.clone()
      after.crash(new SeededRandom(seed))
      expect(['old', 'new']).toContain(readWholeFile(after, '/d/a').toString())
    }
    if (failed > 0) continue
    files.crash()
    expect(readWholeFile(files, '/d/a').toString()).toBe('new')
    break
  }
})

test('a full disk takes what fits and refuses the rest', () => {
  const files = diskWith('/d/a', 'four')
  files.capacityBytes = 6
  const file = files.open('/d/a', 'write')
  expect(() => file.write([Buffer.from('12345')], 4)).toThrow(/ENOSPC/)
  expect([file.sizeBytes, files.freeBytes()]).toEqual([6, 0])
  file.write([Buffer.from('over')], 0)
  file.truncate(1)
  expect(files.freeBytes()).toBe(5)
})

test('rules fail the calls that they name', () => {
  const files = diskWith('/d/a', '')
  const file = files.open('/d/a', 'write')
  const rule = files.faults.add({
    operation: 'write',
    path: /a$/,
    nth: 2,
    times: 2,
    code: 'ENOSPC',
    partialBytes: 2,
  })
  file.write([Buffer.from('1')], 0)
  for (let n = 0; n < 2; n++) expect(() => file.write([Buffer.from('abc')], 1)).toThrow(/ENOSPC/)
  file.write([Buffer.from('z')], 1)
  expect(readWholeFile(files, '/d/a').toString()).toBe('1zb')
  expect([rule.calls, rule.failed]).toEqual([4, 2])
})
