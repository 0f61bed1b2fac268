// Requests of very many names, cut into parts that a handler serves one after the other, and the
// answers put together again.
//
//   path topics, partitions:
//     orders │ 0 … 63 ║ 64 … 127 ║ 128 … 130, clicks │ 0 ║ …
//     first part       second     third: `orders` goes on from the second, `clicks` is new
//                      joint 1    joint 1

/** Where names are in a request, and what answers them in the answer, in the same order. */
export interface Cut {
  /** An array, and the arrays in its elements: 'topics', 'partitions'. The last one is counted. */
  readonly asked: readonly string[]
  readonly answered: readonly string[]
  /** What tells elements of the first array apart, where one that is named again is answered once. */
  readonly key?: (item: never) => string
}

type Fields = Readonly<Record<string, unknown>>

export interface Part {
  readonly message: Fields
  /** How many arrays of the path go on with the element that the part before has ended in. */
  readonly joint: number
}

interface Piece {
  readonly value: Fields
  readonly weight: number
  readonly joint: number
  /** False for what goes on with the element of the piece before. */
  readonly isFirst: boolean
}

/** The cut for this request: the first that finds something to cut. Null: it is served whole. */
export function cutFor(cuts: readonly Cut[], message: unknown): Cut | null {
  const found = cuts.find(({ asked }) => {
    const items = (message as Fields)[asked[0]!]
    return Array.isArray(items) && items.length > 0
  })
  return found ?? null
}

/**
 * Parts with at most `size` elements at the end of the path; together they ask what the whole asks.
 * Null is no part but a moment to stop at, where many elements were named before.
 */
export function* partsOf(
  message: unknown,
  { asked, key }: Cut,
  size: number,
): Generator<Part | null> {
  const isNew = key === undefined ? () => true : newcomers(key)
  for (const piece of piecesOf(message as Fields, asked, size, isNew)) {
    yield piece === null ? null : { message: piece.value, joint: piece.joint }
  }
}

function newcomers(key: (item: never) => string): (item: unknown) => boolean {
  const seen = new Set<string>()
  return (item) => {
    const own = key(item as never)
    if (seen.has(own)) return false
    seen.add(own)
    return true
  }
}

function* piecesOf(
  value: Fields,
  path: readonly string[],
  size: number,
  isNew: (item: unknown) => boolean = () => true,
): Generator<Piece | null> {
  const [name, ...rest] = path
  const items = value[name!] as readonly unknown[] | null
  if (items === null || items.length === 0) {
    yield { value, weight: 1, joint: 0, isFirst: true }
    return
  }
  let some: unknown[] = []
  let [weight, joint, isFirst] = [0, 0, true]
  const take = (): Piece => {
    const piece = { value: { ...value, [name!]: some }, weight, joint, isFirst }
    some = []
    weight = 0
    isFirst = false
    return piece
  }
  for (const piece of itemsOf(items, rest, size, isNew)) {
    if (piece === null) {
      yield null
      continue
    }
    if (some.length > 0 && (!piece.isFirst || weight + piece.weight > size)) yield take()
    if (some.length === 0) joint = piece.isFirst ? 0 : 1 + piece.joint
    some.push(piece.value)
    weight += piece.weight
  }
  yield take()
}

function* itemsOf(
  items: readonly unknown[],
  rest: readonly string[],
  size: number,
  isNew: (item: unknown) => boolean,
): Generator<(Omit<Piece, 'value'> & { readonly value: unknown }) | null> {
  let known = 0
  for (const item of items) {
    if (!isNew(item)) {
      known += 1
      if (known % size === 0) yield null
    } else if (rest.length === 0) yield { value: item, weight: 1, joint: 0, isFirst: true }
    else yield* piecesOf(item as Fields, rest, size)
  }
}

/** Puts the answers to the parts together. */
export class JoinedAnswer {
  readonly #path: readonly string[]
  /** Arrays that are not also a handler's. */
  readonly #own = new WeakSet<object>()
  #whole: Record<string, unknown> | null = null

  /** @param path of the answer */
  constructor(path: readonly string[]) {
    this.#path = path
  }

  /** Null while there is none. */
  get whole(): unknown {
    return this.#whole
  }

  /** @param joint of the part that it answers */
  add(answer: unknown, joint: number): void {
    const fields = answer as Fields
    if (this.#whole === null) this.#whole = { ...fields }
    else this.#append(this.#whole, fields, this.#path, joint)
  }

  #append(
    into: Record<string, unknown>,
    more: Fields,
    path: readonly string[],
    joint: number,
  ): void {
    const [name, ...rest] = path
    const items = this.#owned(into, name!)
    const added = (more[name!] ?? []) as readonly unknown[]
    let next = 0
    if (joint > 0 && rest.length > 0 && items.length > 0 && added.length > 0) {
      const last = { ...(items.at(-1) as Fields) }
      items[items.length - 1] = last
      this.#append(last, added[0] as Fields, rest, joint - 1)
      next = 1
    }
    for (; next < added.length; next++) items.push(added[next])
    for (const [field, value] of Object.entries(more)) {
      if (field !== name) into[field] = either(field, into[field], value)
    }
  }

  #owned(into: Record<string, unknown>, name: string): unknown[] {
    const items = (into[name] ?? []) as unknown[]
    if (this.#own.has(items)) return items
    const copy = [...items]
    this.#own.add(copy)
    into[name] = copy
    return copy
  }
}

/** What both parts say beside their names: the first error, the longer pause, whatever is not empty. */
function either(field: string, one: unknown, other: unknown): unknown {
  if (field === 'throttleTimeMs') return Math.max(Number(one ?? 0), Number(other ?? 0))
  if (typeof one === 'number' && typeof other === 'number') return one === 0 ? other : one
  if (Array.isArray(one)) return one.length > 0 ? one : other
  return one ?? other
}
