// A doubly linked list whose links stand in the elements: waiting in one costs no allocation, and
// leaving it from the middle no search.

import assert from 'node:assert'

/** What an element has to carry. It is in one list at a time; only the list writes these fields. */
export interface Linked<T extends Linked<T>> {
  list: LinkedList<T> | null
  previous: T | null
  next: T | null
}

export class LinkedList<T extends Linked<T>> {
  #first: T | null = null
  #last: T | null = null
  #size = 0

  get size(): number {
    return this.#size
  }

  get first(): T | null {
    return this.#first
  }

  /** Puts an element that is in no list at the end. */
  append(element: T): void {
    assert(element.list === null)
    element.list = this
    element.previous = this.#last
    if (this.#last === null) this.#first = element
    else this.#last.next = element
    this.#last = element
    this.#size += 1
  }

  /** Puts an element that is in no list at the front. */
  prepend(element: T): void {
    assert(element.list === null)
    element.list = this
    element.next = this.#first
    if (this.#first === null) this.#last = element
    else this.#first.previous = element
    this.#first = element
    this.#size += 1
  }

  /** Takes the first element out, or returns null when there is none. */
  takeFirst(): T | null {
    const element = this.#first
    if (element !== null) this.remove(element)
    return element
  }

  /** Takes an element of this list out. */
  remove(element: T): void {
    assert(element.list === this)
    if (element.previous === null) this.#first = element.next
    else element.previous.next = element.next
    if (element.next === null) this.#last = element.previous
    else element.next.previous = element.previous
    element.list = null
    element.previous = null
    element.next = null
    this.#size -= 1
  }

  /** Moves all elements to the end of `other`, one by one, in their order. */
  moveTo(other: LinkedList<T>): void {
    for (let element = this.takeFirst(); element !== null; element = this.takeFirst()) {
      other.append(element)
    }
  }
}

/** Takes an element out of the list that it is in, if any. */
export function leaveList<T extends Linked<T>>(element: T): void {
  element.list?.remove(element)
}
