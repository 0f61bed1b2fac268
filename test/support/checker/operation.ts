// One operation of a history: 48 bytes, so that a run of millions is a file that can be sorted.
//
//   byte 0    1      2     4         8      16     20     24     28          32   36        40
//        +----+------+-----+---------+------+------+------+------+-----------+----+---------+-------+
//        |kind|detail|topic|partition|offset|sender|number|client|transaction|step|other    |other  |
//        |    |      |     |         |      |      |      |      |           |    |partition|offset |
//        +----+------+-----+---------+------+------+------+------+-----------+----+---------+-------+
//
// Unsigned and big-endian, so that a client in any language writes it; the two offsets are signed, and
// -1 where there is none. A value is named by `sender` and `number`: a sender numbers what it sends
// upwards, and never gives a number twice. A client is one life of a process; its steps rise in the
// order in which it did things. Transaction 0 is none; a client numbers its own from 1.

export const OPERATION_BYTES = 48

/** What was done. The comments say which fields count, beside client and step. */
export const KINDS = {
  /** Is about to send a value to a partition, in a transaction. Other: the record that it copies. */
  send: 1,
  /** The broker acknowledged a value, at an offset. */
  acked: 2,
  /** A value was refused for good: it was not stored, and won't be. */
  refused: 3,
  /** Is about to ask for the commit of a transaction. One for which nobody asked is not committed. */
  committing: 4,
  committed: 5,
  aborted: 6,
  /** Goes on reading a partition at an offset; -1 where it does not know which. */
  position: 7,
  /** Read a value at an offset, in a transaction. Detail: `READ`. Other: what it says it copies. */
  read: 8,
  /** Was told a partition's last stable offset, after the reads of that answer. Other: high watermark. */
  stable: 9,
  /** Is about to put a group's offset of a partition into a transaction. */
  moving: 10,
  /** Was told a group's committed offset. Sender and number: the client and transaction it is of. */
  moved: 11,
  /** A record as it is in the log at the end. Detail: `LOGGED`. Other: what it says it copies. */
  logged: 12,
  /** A transaction in a partition's log at the end: other offset is its first, offset its marker's. */
  ended: 13,
} as const

export type KindName = keyof typeof KINDS

/** Detail of `read` and `logged`: bits. */
export const READ = {
  /** The reader wanted committed records only. */
  committed: 1,
  /** The value's bytes are not those that belong to its number. */
  damaged: 2,
} as const

/** Detail of `logged`, beside `READ.damaged`: what became of its transaction. */
export const LOGGED = {
  /** It has none, or the marker says commit: readers of committed records see it. */
  visible: 4,
  aborted: 8,
  /** No marker followed. */
  open: 16,
} as const

export interface Operation {
  readonly kind: number
  readonly detail: number
  readonly topic: number
  readonly partition: number
  readonly offset: number
  readonly sender: number
  readonly number: number
  readonly client: number
  readonly transaction: number
  readonly step: number
  readonly otherPartition: number
  readonly otherOffset: number
}

const NONE: Operation = {
  ...{ kind: 0, detail: 0, topic: 0, partition: 0, offset: -1, sender: 0, number: 0 },
  ...{ client: 0, transaction: 0, step: 0, otherPartition: 0, otherOffset: -1 },
}

export function operation(kind: KindName, fields: Partial<Operation>): Operation {
  return { ...NONE, ...fields, kind: KINDS[kind] }
}

/** Reads operations where they lie, without an object for each. Valid until it is moved. */
export class OperationCursor implements Operation {
  #bytes: Buffer = Buffer.alloc(OPERATION_BYTES)
  #at = 0

  /** The same cursor, at an operation that starts at byte `at`. */
  moveTo(bytes: Buffer, at: number): this {
    this.#bytes = bytes
    this.#at = at
    return this
  }

  get kind(): number {
    return this.#bytes[this.#at]!
  }
  get detail(): number {
    return this.#bytes[this.#at + 1]!
  }
  get topic(): number {
    return this.#bytes.readUInt16BE(this.#at + 2)
  }
  get partition(): number {
    return this.#bytes.readUInt32BE(this.#at + 4)
  }
  get offset(): number {
    return readOffset(this.#bytes, this.#at + 8)
  }
  get sender(): number {
    return this.#bytes.readUInt32BE(this.#at + 16)
  }
  get number(): number {
    return this.#bytes.readUInt32BE(this.#at + 20)
  }
  get client(): number {
    return this.#bytes.readUInt32BE(this.#at + 24)
  }
  get transaction(): number {
    return this.#bytes.readUInt32BE(this.#at + 28)
  }
  get step(): number {
    return this.#bytes.readUInt32BE(this.#at + 32)
  }
  get otherPartition(): number {
    return this.#bytes.readUInt32BE(this.#at + 36)
  }
  get otherOffset(): number {
    return readOffset(this.#bytes, this.#at + 40)
  }
}

/** Writes an operation at byte `at`. */
export function writeOperation(target: Buffer, at: number, each: Operation): void {
  target[at] = each.kind
  target[at + 1] = each.detail
  target.writeUInt16BE(each.topic, at + 2)
  target.writeUInt32BE(each.partition, at + 4)
  writeOffset(target, at + 8, each.offset)
  target.writeUInt32BE(each.sender, at + 16)
  target.writeUInt32BE(each.number, at + 20)
  target.writeUInt32BE(each.client, at + 24)
  target.writeUInt32BE(each.transaction, at + 28)
  target.writeUInt32BE(each.step, at + 32)
  target.writeUInt32BE(each.otherPartition, at + 36)
  writeOffset(target, at + 40, each.otherOffset)
}

function readOffset(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4)
}

function writeOffset(bytes: Buffer, at: number, offset: number): void {
  bytes.writeInt32BE(Math.floor(offset / 2 ** 32), at)
  bytes.writeUInt32BE(offset >>> 0, at + 4)
}

/** An operation in words, for a finding. */
export function describe(each: Operation): string {
  const kind = (Object.keys(KINDS) as KindName[]).find((name) => KINDS[name] === each.kind)
  const at = `${each.topic}-${each.partition}@${each.offset}`
  const by = `client ${each.client} transaction ${each.transaction} step ${each.step}`
  return `${kind ?? each.kind} ${at} value ${each.sender}:${each.number}, ${by}`
}
