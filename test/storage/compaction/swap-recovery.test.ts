// What a start makes of each state that a cut-off swap can leave, those of a Kafka broker among them.

import { beforeEach, describe, expect, test } from 'vitest'
import { recoverSwaps } from '../../../src/storage/compaction/swap-recovery.ts'
import { testBatch } from '../../support/batches.ts'
import { MemoryFileSystem } from '../../support/memory-file-system.ts'

const DIRECTORY = '/data/table-0'

let files: MemoryFileSystem

function put(name: string, content: Buffer | string = name): void {
  const [base, ...suffix] = name.split('.')
  const path = `${DIRECTORY}/${base!.padStart(20, '0')}.${suffix.join('.')}`
  files.put(path, Buffer.from(content))
}

/** Names without their zeroes, each with its content where that is a name. */
function there(): Record<string, string> {
  return Object.fromEntries(
    files.filesBelow(DIRECTORY).map((path) => {
      const name = path.slice(path.lastIndexOf('/') + 1).replace(/^0+(?=\d)/, '')
      const content = files.contentOf(path).toString()
      return [name, /^[\w.]*$/.test(content) ? content : 'batches']
    }),
  )
}

/** What compaction made of segments 0, 10 and 20, which end at 30. */
const MADE = Buffer.concat([
  testBatch({ baseOffset: 4 }),
  testBatch({ baseOffset: 29, records: [] }),
])

function putOld(...bases: readonly number[]): void {
  for (const base of bases) {
    for (const suffix of ['log', 'index', 'timeindex', 'snapshot']) put(`${base}.${suffix}`)
  }
  put('30.log')
  put('30.snapshot')
}

function putMade(logSuffix: string): void {
  put(`0.log${logSuffix}`, MADE)
  put('0.index.swap')
  put('0.timeindex.swap')
  put('0.txnindex.swap', '')
}

const FINISHED = {
  '0.log': 'batches',
  '0.index': '0.index.swap',
  '0.timeindex': '0.timeindex.swap',
  '0.snapshot': '0.snapshot',
  '10.snapshot': '10.snapshot',
  '20.snapshot': '20.snapshot',
  '30.log': '30.log',
  '30.snapshot': '30.snapshot',
}

beforeEach(() => {
  files = new MemoryFileSystem()
})

describe('a segment that was made', () => {
  test('goes when it was not committed', () => {
    putOld(0, 10, 20)
    const before = there()
    putMade('.cleaned')
    recoverSwaps(files, DIRECTORY)
    expect(there()).toEqual({ ...before, '0.log.cleaned': 'batches' })
  })

  test('takes the place of the old ones when it was', () => {
    putOld(0, 10, 20)
    putMade('.swap')
    expect(recoverSwaps(files, DIRECTORY)).toEqual([
      '00000000000000000000.log was swapped in by a compaction that was cut short',
    ])
    expect(there()).toEqual(FINISHED)
  })

  test('does so whichever of them are gone already', () => {
    putOld(0, 20)
    put('10.snapshot')
    putMade('.swap')
    put('10.log.deleted')
    recoverSwaps(files, DIRECTORY)
    expect(there()).toEqual({ ...FINISHED, '10.log.deleted': '10.log.deleted' })
  })

  test('keeps the indexes that have their own names by then', () => {
    put('0.log.swap', MADE)
    for (const name of ['0.index', '0.timeindex', '0.txnindex', '0.snapshot']) put(name)
    put('30.log')
    recoverSwaps(files, DIRECTORY)
    expect(there()).toEqual({
      ...{ '0.log': 'batches', '0.index': '0.index', '0.timeindex': '0.timeindex' },
      ...{ '0.txnindex': '0.txnindex', '0.snapshot': '0.snapshot', '30.log': '30.log' },
    })
  })

  test('puts an index of aborted transactions in the place of an old one, an empty one too', () => {
    putOld(0, 10, 20)
    put('0.txnindex')
    putMade('.swap')
    recoverSwaps(files, DIRECTORY)
    expect(there()).toEqual(FINISHED)
    files = new MemoryFileSystem()
    putOld(0, 10, 20)
    put('0.txnindex')
    putMade('.swap')
    put('0.txnindex.swap', 'aborted')
    recoverSwaps(files, DIRECTORY)
    expect(there()).toEqual({ ...FINISHED, '0.txnindex': 'aborted' })
  })

  test('of Kafka without a batch at its end leaves what lies behind', () => {
    putOld(0, 10, 20)
    put('0.log.swap', testBatch({ baseOffset: 4 }))
    put('0.index.swap')
    recoverSwaps(files, DIRECTORY)
    const found = there()
    expect(found['0.log']).toBe('batches')
    expect([found['10.log'], found['20.log'], found['30.log']]).toEqual([
      ...['10.log', '20.log', '30.log'],
    ])
  })

  test('of Kafka is part of a split that was not committed as a whole', () => {
    putOld(0)
    put('0.log.cleaned', testBatch({ baseOffset: 4 }))
    put('9.log.swap', testBatch({ baseOffset: 12 }))
    recoverSwaps(files, DIRECTORY)
    const found = there()
    expect([found['0.log'], found['9.log.swap'], found['9.log']]).toEqual([
      ...['0.log', undefined, undefined],
    ])
  })
})

test('a power cut at any call of the recovery changes nothing about its result', () => {
  for (let nth = 1; ; nth++) {
    files = new MemoryFileSystem()
    putOld(0, 10, 20)
    put('0.txnindex')
    putMade('.swap')
    files.faults.add({ nth, times: Infinity, code: 'EIO' })
    let failed = false
    try {
      recoverSwaps(files, DIRECTORY)
    } catch {
      failed = true
    }
    files.crash(null)
    if (!failed) break
    recoverSwaps(files, DIRECTORY)
    expect(there(), `call ${nth}`).toEqual(FINISHED)
  }
})
