import type { CacheSelection } from './driver.ts'

/** What was written or deleted under one key, or invalidated. */
export type CacheChange = { readonly key: string } | CacheSelection

/** How many are kept; one more, and all entries go. */
const maxKept = 10_000
/** How many are told at once. */
const maxTaken = 100
const maxTagsTaken = 32

/** The changes that the backend was not told of: whatever it has under them may be older than what callers wrote. */
export class KeptChanges {
  readonly #keys = new Set<string>()
  readonly #prefixes = new Set<string>()
  readonly #tags = new Set<string>()
  #all = false

  get size(): number {
    return this.#all ? 1 : this.#keys.size + this.#prefixes.size + this.#tags.size
  }

  keep(change: CacheChange): void {
    if (this.#all) return
    if ('key' in change) this.#keys.add(change.key)
    else if ('prefix' in change) this.#prefixes.add(change.prefix)
    else if ('tags' in change) for (const tag of change.tags) this.#tags.add(tag)
    else this.#keepAll()
    if (this.size > maxKept) this.#keepAll()
  }

  /** Some of them, which are kept no longer: who takes them tells the backend, or gives them back. */
  take(): readonly CacheChange[] {
    if (this.#all) {
      this.#all = false
      return [{ all: true }]
    }
    if (this.#tags.size > 0) return [{ tags: first(this.#tags, maxTagsTaken) }]
    if (this.#prefixes.size > 0) return first(this.#prefixes, maxTaken).map((prefix) => ({ prefix }))
    return first(this.#keys, maxTaken).map((key) => ({ key }))
  }

  #keepAll(): void {
    this.#all = true
    for (const kept of [this.#keys, this.#prefixes, this.#tags]) kept.clear()
  }
}

function first(kept: Set<string>, count: number): readonly string[] {
  const taken: string[] = []
  for (const one of kept) {
    if (taken.length === count) break
    taken.push(one)
    kept.delete(one)
  }
  return taken
}
