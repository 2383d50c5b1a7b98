import { LRUCache } from 'lru-cache'
import type { Clock, SettingsOf } from '../../kernel/plugin.ts'
import type { CacheDriver, CacheFill, CacheFillWant, CacheRow, CacheSelection, CacheValue, CacheWrite } from '../../kernel/ports/cache/index.ts'
import { Fills } from './fills.ts'
import type { settings } from './settings.ts'
import { PrefixMarks } from './prefix-marks.ts'
import { TagIndex } from './tag-index.ts'

/** What an entry takes beside its value, key and tags: the slots of the list and the map, and the entry itself. */
const entryBytes = 256
/** So many keys are looked at when a prefix is invalidated: a fraction of a millisecond, and nothing of them stays. */
const fewEntries = 1_000

interface Entry {
  readonly value: CacheValue
  /** By the kernel's clock; infinite without an end. */
  readonly freshUntilMs: number
  readonly goneAtMs: number
  readonly tags: readonly string[]
  /** As of the last look whether a prefix of its key was invalidated. */
  stamp: number
}

/** Keeps the frozen values themselves: a hit copies and parses nothing. */
export class LruCache implements CacheDriver {
  readonly keepsValues = true
  readonly #entries: LRUCache<string, Entry>
  readonly #tags = new TagIndex()
  readonly #marks = new PrefixMarks()
  readonly #fills = new Fills()
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

  write({ key, value, sizeBytes, freshMs, staleMs, keepMs, tags, fill }: CacheWrite): boolean {
    if (fill && !this.#fills.isOpen(key, fill, this.#clock.now())) return false
    this.#fills.close(key)

    const freshUntilMs = freshMs === null ? Number.POSITIVE_INFINITY : this.#clock.now() + freshMs
    const keptUntilMs = keepMs === undefined ? Number.POSITIVE_INFINITY : this.#clock.now() + keepMs
    const entry = { value, freshUntilMs, goneAtMs: Math.min(freshUntilMs + staleMs, keptUntilMs), tags, stamp: this.#marks.now }
    this.#entries.set(key, entry, { size: sizeBytes + entryBytes + TagIndex.bytesPerTag * tags.length })

    // lru-cache stores nothing that is larger than all of it, and says nothing.
    const stored = this.#entries.peek(key) === entry
    if (stored) this.#tags.add(key, tags)
    return stored
  }

  delete(key: string): void {
    this.#fills.close(key)
    this.#entries.delete(key)
  }

  invalidate(selection: CacheSelection): void {
    this.#fills.closeSelected(selection)
    if ('all' in selection) return this.#clear()
    if ('prefix' in selection) return this.#invalidatePrefix(selection.prefix)
    for (const key of this.#tags.keys(selection.tags)) this.#entries.delete(key)
  }

  beginFill(want: CacheFillWant): CacheFill | undefined {
    return this.#fills.begin(want, this.#clock.now())
  }

  endFill(key: string, fill: CacheFill): void {
    if (this.#fills.isOpen(key, fill, this.#clock.now())) this.#fills.close(key)
  }

  close(): void {
    this.#entries.clear()
  }

  // lru-cache's own expiry reads 0 as "never" and rounds the clock to its timers: the kernel's clock decides.
  #readOne(key: string): CacheRow | undefined {
    const entry = this.#entries.get(key)
    if (!entry || !this.#holds(key, entry)) return undefined
    const { value, freshUntilMs, goneAtMs, tags } = entry
    const nowMs = goneAtMs === Number.POSITIVE_INFINITY ? 0 : this.#clock.now()
    if (goneAtMs > nowMs) return { value: handOut(value), freshMs: freshUntilMs === Number.POSITIVE_INFINITY ? null : freshUntilMs - nowMs, tags }
    this.#entries.delete(key)
    return undefined
  }

  /** Whether no prefix of the key was invalidated since the entry was written; one that was is gone then. */
  #holds(key: string, entry: Entry): boolean {
    const { now } = this.#marks
    if (entry.stamp === now) return true
    if (this.#marks.hits(key, entry.stamp)) {
      this.#entries.delete(key)
      return false
    }
    entry.stamp = now
    return true
  }

  #invalidatePrefix(prefix: string): void {
    if (this.#entries.size > fewEntries) {
      if (!this.#marks.add(prefix)) this.#clear()
      return
    }
    for (const key of [...this.#entries.keys()]) if (key.startsWith(prefix)) this.#entries.delete(key)
  }

  #clear(): void {
    this.#entries.clear()
    this.#marks.clear()
  }
}

/** JSON is frozen and goes out as it is; bytes cannot be, and are copied for each reader. */
function handOut(value: CacheValue): CacheValue {
  return value instanceof Uint8Array ? value.slice() : value
}
