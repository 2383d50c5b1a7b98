/** How many prefixes are remembered, and of how many lengths: a read of what is older looks once for each length. */
const maxPrefixes = 10_000
const maxLengths = 64

/** Which prefixes were invalidated, and when: what was stamped before does not hold. So no key is looked at before it is read. */
export class PrefixMarks {
  /** The stamp of now. What carries it is older than no mark. */
  now = 0
  readonly #stamps = new Map<string, number>()
  readonly #lengths = new Set<number>()

  /** False when there are too many: everything is to go then. */
  add(prefix: string): boolean {
    this.now += 1
    this.#stamps.set(prefix, this.now)
    this.#lengths.add(prefix.length)
    return this.#stamps.size <= maxPrefixes && this.#lengths.size <= maxLengths
  }

  /** Whether a prefix of the key was invalidated after that stamp. */
  hits(key: string, stamp: number): boolean {
    for (const length of this.#lengths) {
      if (length <= key.length && (this.#stamps.get(key.slice(0, length)) ?? 0) > stamp) return true
    }
    return false
  }

  /** For when nothing is left that was stamped. */
  clear(): void {
    this.#stamps.clear()
    this.#lengths.clear()
  }
}
