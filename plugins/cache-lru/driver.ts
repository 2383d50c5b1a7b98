import { LRUCache } from 'lru-cache'
import type { Clock, Json, SettingsOf } from '../../kernel/plugin.ts'
import type { CacheDriver, CacheRow, CacheSelection, CacheWrite } from '../../kernel/ports/cache/index.ts'
import type { settings } from './settings.ts'
import { TagIndex } from './tag-index.ts'

/** What an entry takes beside its value, key and tags: the slots of the list and the map, and the entry itself. */
const entryBytes = 256

interface Entry {
  readonly value: Json
  /** By the kernel's clock; infinite without an end. */
  readonly freshUntilMs: number
  readonly goneAtMs: number
  readonly tags: readonly string[]
}

/** Keeps the frozen values themselves: a hit copies and parses nothing. */
export class LruCache implements CacheDriver {
  readonly #entries: LRUCache<string, Entry>
  readonly #tags = new TagIndex()
  readonly #clock: Clock

  constructor({ maxSizeBytes, maxEntries }: SettingsOf<typeof settings>, clock: Clock) {
    this.#clock = clock
    this.#entries = new LRUCache<string, Entry>({
      maxSize: maxSizeBytes,
      ...(maxEntries !== undefined && { max: maxEntries }),
      // Evicted, replaced, deleted or cleared: whatever leaves the list leaves the index of tags.
      dispose: (entry, key) => this.#tags.remove(key, entry.tags),
    })
  }

  read(keys: readonly string[]): readonly (CacheRow | undefined)[] {
    const first = keys[0]
    return keys.length === 1 && first !== undefined ? [this.#readOne(first)] : keys.map((key) => this.#readOne(key))
  }

  write({ key, value, sizeBytes, freshMs, staleMs, tags }: CacheWrite): boolean {
    const freshUntilMs = freshMs === null ? Number.POSITIVE_INFINITY : this.#clock.now() + freshMs
    const entry = { value, freshUntilMs, goneAtMs: freshUntilMs + staleMs, tags }
    this.#entries.set(key, entry, { size: sizeBytes + entryBytes + TagIndex.bytesPerTag * tags.length })

    // lru-cache stores nothing that is larger than all of it, and says nothing.
    const stored = this.#entries.peek(key) === entry
    if (stored) this.#tags.add(key, tags)
    return stored
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  invalidate(selection: CacheSelection): void {
    if ('all' in selection) return this.#entries.clear()
    const keys = 'tags' in selection ? this.#tags.keys(selection.tags) : this.#beginningWith(selection.prefix)
    for (const key of keys) this.#entries.delete(key)
  }

  close(): void {
    this.#entries.clear()
  }

  // lru-cache's own expiry reads 0 as "never" and rounds the clock to its timers: the kernel's clock decides.
  #readOne(key: string): CacheRow | undefined {
    const entry = this.#entries.get(key)
    if (!entry) return undefined
    if (entry.goneAtMs === Number.POSITIVE_INFINITY) return { value: entry.value, freshMs: null }

    const nowMs = this.#clock.now()
    if (entry.goneAtMs > nowMs) return { value: entry.value, freshMs: entry.freshUntilMs - nowMs }
    this.#entries.delete(key)
    return undefined
  }

  #beginningWith(prefix: string): readonly string[] {
    return [...this.#entries.keys()].filter((key) => key.startsWith(prefix))
  }
}
