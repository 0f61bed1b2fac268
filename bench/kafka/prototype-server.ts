// The ceiling: the least that can be called a broker. It reads into memory of its own, checks each
// batch in place, appends all of a read with one write to one file, and answers. It keeps no promise:
// no offsets, no indexes, no second client for whom the memory would have to be kept.

import { closeSync, ftruncateSync, openSync, writevSync } from 'node:fs'
import net from 'node:net'
import { receivingSocket } from '../../src/network/receiving-socket.ts'
import { BATCH_FAULTS, BatchCheck } from '../../src/wasm/batch-check.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'

const [path] = process.argv.slice(2)
const file = openSync(path!, 'w')
const core = StorageCore.load()
const check = new BatchCheck()

const MEMORY_BYTES = 4 * 1024 * 1024

/** The file is written anew from its start, so that the page cache uses the same memory again. */
const FILE_BYTES = 192 * 1024 * 1024

let fileBytes = 0

function append(batches: readonly Uint8Array[], sizeBytes: number): void {
  if (fileBytes > FILE_BYTES) {
    ftruncateSync(file, 0)
    fileBytes = 0
  }
  writevSync(file, batches, fileBytes)
  fileBytes += sizeBytes
}

const server = net.createServer({ pauseOnConnect: true, noDelay: true }, (accepted) => {
  const memory = Buffer.allocUnsafeSlow(MEMORY_BYTES)
  let end = 0
  const socket = receivingSocket(accepted, {
    memory: () => memory.subarray(end),
    received(count) {
      end += count
      let at = 0
      let bytes = 0
      const batches: Uint8Array[] = []
      const answers: Buffer[] = []
      while (end - at >= 4) {
        const size = memory.readInt32BE(at)
        if (end - at - 4 < size) break
        const frame = memory.subarray(at + 4, at + 4 + size)
        const records = frame.subarray(headBytes(frame))
        if (core.validateBatch(records, check) !== BATCH_FAULTS.none) throw new Error('damaged')
        batches.push(records)
        bytes += records.byteLength
        const answer = Buffer.alloc(8)
        answer.writeInt32BE(4, 0)
        answer.writeInt32BE(frame.readInt32BE(4), 4)
        answers.push(answer)
        at += 4 + size
      }
      if (batches.length > 0) append(batches, bytes)
      if (answers.length > 0) socket.write(Buffer.concat(answers))
      memory.copyWithin(0, at, end)
      end -= at
    },
  })
  socket.on('error', () => {})
  socket.resume()
})

/** What stands before the batch, in bytes: the client id says it. */
function headBytes(frame: Buffer): number {
  return Number(frame.toString('latin1', 10, 13))
}

server.listen(0, '127.0.0.1', () => {
  process.send!({ port: (server.address() as net.AddressInfo).port })
})
process.on('exit', () => closeSync(file))
