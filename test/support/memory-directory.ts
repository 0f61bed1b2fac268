// One directory of the simulated disk. A name that was made, renamed or removed is seen at once and
// is on disk after the directory was synced; a power cut keeps any of the changes since.

import type { MemoryFileContent } from './memory-file.ts'
import type { SeededRandom } from './seeded-random.ts'

export type Node = MemoryDirectory | MemoryFileContent

interface NameChange {
  readonly directory: MemoryDirectory
  readonly name: string
  readonly node: Node | null
}

/** Changes that reach the disk together: one for a create or a removal, two for a rename. */
type Operation = readonly NameChange[]

export class MemoryDirectory {
  readonly names = new Map<string, Node>()
  #durable = new Map<string, Node>()
  #pending: Operation[] = []

  /** Makes one operation of changes to this and perhaps another directory. */
  static change(changes: Operation): void {
    for (const { directory, name, node } of changes) {
      if (node === null) directory.names.delete(name)
      else directory.names.set(name, node)
    }
    for (const directory of new Set(changes.map((change) => change.directory))) {
      directory.#pending.push(changes)
    }
  }

  sync(): void {
    this.settle(this.unsynced())
  }

  /** The changes that a sync which begins now has to cover. */
  unsynced(): readonly Operation[] {
    return [...this.#pending]
  }

  /** These changes are on disk; some may have been before. */
  settle(operations: readonly Operation[]): void {
    for (const operation of operations) {
      if (this.#pending.includes(operation)) MemoryDirectory.#settle(operation, true)
    }
  }

  /** Names whose fate a power cut would decide. */
  get unsyncedCount(): number {
    return this.#pending.length
  }

  /** A power cut. With no `random`, all that was not synced is gone. */
  crash(random: SeededRandom | null): void {
    for (const operation of [...this.#pending]) {
      MemoryDirectory.#settle(operation, random !== null && random.chance(0.5))
    }
    this.names.clear()
    for (const [name, node] of this.#durable) {
      this.names.set(name, node)
      node.crash(random)
    }
  }

  clone(copies = new Map<Node, Node>()): MemoryDirectory {
    const copy = new MemoryDirectory()
    copies.set(this, copy)
    for (const [name, node] of this.names) copy.names.set(name, copyOf(node, copies))
    for (const [name, node] of this.#durable) copy.#durable.set(name, copyOf(node, copies))
    copy.#pending = this.#pending.map((operation) =>
      operation.map(({ directory, name, node }) => ({
        directory: copyOf(directory, copies) as MemoryDirectory,
        name,
        node: node === null ? null : copyOf(node, copies),
      })),
    )
    return copy
  }

  static #settle(operation: Operation, kept: boolean): void {
    for (const { directory, name, node } of operation) {
      if (kept && node === null) directory.#durable.delete(name)
      if (kept && node !== null) directory.#durable.set(name, node)
      directory.#pending = directory.#pending.filter((other) => other !== operation)
    }
  }
}

function copyOf(node: Node, copies: Map<Node, Node>): Node {
  const known = copies.get(node)
  if (known !== undefined) return known
  if (node instanceof MemoryDirectory) return node.clone(copies)
  const copy = node.clone()
  copies.set(node, copy)
  return copy
}
