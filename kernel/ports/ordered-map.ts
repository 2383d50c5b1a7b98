/** Blocks are split at this many entries, and joined again when two of them have few. */
const mostEntries = 512
const fewEntries = 128

interface Block<V> {
  readonly keys: string[]
  readonly values: V[]
}

/** One end of a range; `open` leaves the key itself out. */
export interface End {
  readonly key: string
  readonly open: boolean
}

export interface KeyRange {
  readonly lower?: End | undefined
  readonly upper?: End | undefined
  readonly reverse: boolean
}

/**
 * Entries in the order of their keys by UTF-16 code units, which for text of bytes (latin1) is the order of the bytes. To
 * find, add or remove one costs two binary searches and a move within one block, whatever their number.
 */
export class OrderedMap<V> {
  readonly #blocks: Block<V>[] = []

  /** What stands under the key; undefined when nothing does. */
  get(key: string): V | undefined {
    const block = this.#blocks[this.#blockOf(key)]
    if (!block) return undefined
    const at = placeOf(block.keys, key)
    return block.keys[at] === key ? block.values[at] : undefined
  }

  /** What stands under the smallest key; undefined when the map is empty. */
  first(): V | undefined {
    return this.#blocks[0]?.values[0]
  }

  set(key: string, value: V): void {
    // Beyond the last key of all, the last block grows.
    const index = Math.min(this.#blockOf(key), this.#blocks.length - 1)
    const block = this.#blocks[index]
    if (!block) {
      this.#blocks.push({ keys: [key], values: [value] })
      return
    }
    const at = placeOf(block.keys, key)
    const there = block.keys[at] === key ? 1 : 0
    block.keys.splice(at, there, key)
    block.values.splice(at, there, value)
    if (block.keys.length > mostEntries) this.#split(index, block)
  }

  delete(key: string): void {
    const index = this.#blockOf(key)
    const block = this.#blocks[index]
    if (!block) return
    const at = placeOf(block.keys, key)
    if (block.keys[at] !== key) return
    block.keys.splice(at, 1)
    block.values.splice(at, 1)
    if (block.keys.length < fewEntries) this.#join(index, block)
  }

  clear(): void {
    this.#blocks.length = 0
  }

  /** The values whose keys are in the range, in its direction. The map must not change meanwhile. */
  *values({ lower, upper, reverse }: KeyRange): Generator<V> {
    if (reverse) yield* this.#down(lower, upper)
    else yield* this.#up(lower, upper)
  }

  *#up(lower: End | undefined, upper: End | undefined): Generator<V> {
    const first = lower ? this.#blockOf(lower.key) : 0
    for (let index = first; index < this.#blocks.length; index++) {
      const { keys, values } = this.#blocks[index] as Block<V>
      for (let at = lower && index === first ? firstWithin(keys, lower) : 0; at < keys.length; at++) {
        if (upper && isBeyond(keys[at] as string, upper)) return
        yield values[at] as V
      }
    }
  }

  *#down(lower: End | undefined, upper: End | undefined): Generator<V> {
    const first = upper ? Math.min(this.#blockOf(upper.key), this.#blocks.length - 1) : this.#blocks.length - 1
    for (let index = first; index >= 0; index--) {
      const { keys, values } = this.#blocks[index] as Block<V>
      for (let at = upper && index === first ? lastWithin(keys, upper) : keys.length - 1; at >= 0; at--) {
        if (lower && isBefore(keys[at] as string, lower)) return
        yield values[at] as V
      }
    }
  }

  /** The first block whose last key is not before the key; the number of blocks when there is none. */
  #blockOf(key: string): number {
    let low = 0
    let high = this.#blocks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#blocks[middle]?.keys.at(-1) ?? '') < key) low = middle + 1
      else high = middle
    }
    return low
  }

  #split(index: number, block: Block<V>): void {
    const half = block.keys.length >>> 1
    this.#blocks.splice(index + 1, 0, { keys: block.keys.splice(half), values: block.values.splice(half) })
  }

  #join(index: number, block: Block<V>): void {
    const next = this.#blocks[index + 1]
    if (block.keys.length === 0) this.#blocks.splice(index, 1)
    else if (next && block.keys.length + next.keys.length <= mostEntries / 2) {
      block.keys.push(...next.keys)
      block.values.push(...next.values)
      this.#blocks.splice(index + 1, 1)
    }
  }
}

/** Where the key is, or would be. */
function placeOf(keys: readonly string[], key: string): number {
  let low = 0
  let high = keys.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((keys[middle] as string) < key) low = middle + 1
    else high = middle
  }
  return low
}

function firstWithin(keys: readonly string[], { key, open }: End): number {
  const at = placeOf(keys, key)
  return open && keys[at] === key ? at + 1 : at
}

function lastWithin(keys: readonly string[], { key, open }: End): number {
  const at = placeOf(keys, key)
  return !open && keys[at] === key ? at : at - 1
}

function isBeyond(key: string, upper: End): boolean {
  return upper.open ? key >= upper.key : key > upper.key
}

function isBefore(key: string, lower: End): boolean {
  return lower.open ? key <= lower.key : key < lower.key
}
