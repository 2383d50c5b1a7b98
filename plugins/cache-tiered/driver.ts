import { randomUUID } from 'node:crypto'
import type { Call, Clock } from '../../kernel/plugin.ts'
import { type CacheCopies, type CacheDriver, type CacheFill, type CacheFillWant, type CacheRow, type CacheSelection, type CacheWrite, copyBytes, freezeCopy, type Frozen, sizeOfText, type Soon } from '../../kernel/ports/cache/index.ts'
import { type Change, fromMessage, toMessage } from './message.ts'

export interface TieredParts {
  /** Keeps copies, for this process alone. */
  readonly near: CacheDriver
  /** Has what is true. */
  readonly far: CacheDriver
  /** How long a copy is answered before it is looked up anew. */
  readonly maxStaleMs: number
  readonly clock: Clock
}

type Rows = readonly (CacheRow | undefined)[]

/** A look at the far level under way. */
interface Look {
  readonly startedMs: number
  readonly tagChanges: number
  readonly call: Call
}

/**
 * Reads are answered by the copies that are near; all else happens at the far level first, ends what is near, and is told to the other
 * replicas. A copy is made by a fill of the near level, so that one whose look raced a change is not kept.
 * @see docs/decisions/0059-copies-are-ended-not-changed.md
 */
export class TieredCache implements CacheDriver {
  readonly copies: CacheCopies = {
    read: (keys, call) => this.#parts.near.read(keys, call),
    drop: (change, call) => this.#forget(change, call),
  }
  readonly #parts: TieredParts
  readonly #id: string = randomUUID()
  readonly #unlisten: (() => void) | undefined
  /** Until the messages of others are heard no copy is kept. */
  #hears: boolean
  /** A look does not know the tags of what it will find, so it counts how often any were invalidated. */
  #tagChanges = 0

  constructor(parts: TieredParts) {
    this.#parts = parts
    this.#hears = !parts.far.signals
    this.#unlisten = parts.far.signals?.on((text) => { this.#hear(text) })
  }

  read(keys: readonly string[], call: Call): Soon<Rows> {
    const rows = this.#parts.near.read(keys, call)
    if (rows instanceof Promise) return rows.then((found) => this.#complete(keys, found, call))
    return rows.includes(undefined) ? this.#complete(keys, rows, call) : rows
  }

  async write(entry: CacheWrite, call: Call): Promise<boolean> {
    return this.#change({ key: entry.key }, call, () => this.#parts.far.write(entry, call))
  }

  async delete(key: string, call: Call): Promise<void> {
    await this.#change({ key }, call, () => this.#parts.far.delete(key, call))
  }

  async invalidate(selection: CacheSelection, call: Call): Promise<void> {
    await this.#change(selection, call, () => this.#parts.far.invalidate(selection, call))
  }

  beginFill(want: CacheFillWant, call: Call): Soon<CacheFill | undefined> {
    return this.#parts.far.beginFill(want, call)
  }

  endFill(key: string, fill: CacheFill, call: Call): Soon<void> {
    return this.#parts.far.endFill(key, fill, call)
  }

  close(): void {
    this.#unlisten?.()
  }

  /** Copies go before the change, for it may take long, and after it, for they may have been made anew; also when nobody knows what became of it. */
  async #change<T>(change: Change, call: Call, make: () => Soon<T>): Promise<T> {
    await this.#forget(change, call)
    try {
      return await make()
    } finally {
      await this.#forget(change, call)
      this.#parts.far.signals?.send(toMessage(this.#id, change))
    }
  }

  #forget(change: Change, call: Call): Soon<void> {
    if ('key' in change) return this.#parts.near.delete(change.key, call)
    if ('tags' in change) this.#tagChanges += 1
    return this.#parts.near.invalidate(change, call)
  }

  /** At the beginning, and after a gap, any copy may be behind: each is looked up anew. */
  #hear(text: string | undefined): void {
    this.#hears ||= text === undefined
    const change = text === undefined ? { all: true as const } : fromMessage(text, this.#id)
    if (change) void Promise.resolve(this.#forget(change, ownCall())).catch(() => undefined)
  }

  async #complete(keys: readonly string[], rows: Rows, call: Call): Promise<Rows> {
    const missing = [...new Set(keys.filter((_, index) => rows[index] === undefined))]
    if (missing.length === 0) return rows
    if (!this.#hears) return this.#parts.far.read(keys, call)
    const { near, far, maxStaleMs, clock } = this.#parts
    const look: Look = { startedMs: clock.now(), tagChanges: this.#tagChanges, call }

    const begun = all(missing.map((key) => near.beginFill({ key, tags: [], holdMs: maxStaleMs, alone: false }, call)))
    const fills = begun instanceof Promise ? await begun : begun
    let found: Rows = []
    try {
      found = await far.read(missing, call)
    } finally {
      const ended = all(fills.map((fill, index) => (fill && !found[index] ? near.endFill(missing[index] ?? '', fill, call) : undefined)))
      if (ended instanceof Promise) await ended
    }
    const keeping = all(found.map((row, index) => this.#keep(missing[index] ?? '', row, fills[index], look)))
    const kept = keeping instanceof Promise ? await keeping : keeping
    if (keys.length === 1) return kept
    const byKey = new Map(kept.map((row, index) => [missing[index], row]))
    const unread = missing[found.length]
    return (unread === undefined ? keys : keys.slice(0, keys.indexOf(unread))).map((key, index) => rows[index] ?? byKey.get(key))
  }

  /** Keeps a copy of a row, and answers it. What is stale already is looked up each time. */
  #keep(key: string, row: CacheRow | undefined, fill: CacheFill | undefined, { startedMs, tagChanges, call }: Look): Soon<CacheRow | undefined> {
    if (!row || !fill) return row
    const { near, maxStaleMs, clock } = this.#parts
    const { freshMs, tags = [] } = row
    // Its times began at some moment of the look; counted from the first, they never end late.
    const tookMs = clock.now() - startedMs
    const keepMs = Math.min(maxStaleMs, freshMs ?? maxStaleMs) - tookMs
    if (keepMs < 1 || (tags.length > 0 && tagChanges !== this.#tagChanges)) {
      const ended = near.endFill(key, fill, call)
      return ended instanceof Promise ? ended.then(() => row) : row
    }
    const { value, sizeBytes } = copyOf(row)
    const answer = value instanceof Uint8Array ? row : { ...row, value }
    const kept = near.write({
      key, value, tags, fill, staleMs: 0, keepMs: Math.floor(keepMs),
      freshMs: freshMs === null ? null : Math.floor(freshMs - tookMs),
      sizeBytes: [key, ...tags].reduce((sum, text) => sum + sizeOfText(text), sizeBytes),
    }, call)
    return kept instanceof Promise ? kept.then(() => answer) : answer
  }
}

/** All of them, at once when each is at hand, as those of a level in this process are: a turn for each would cost a look more than its copy. */
function all<T>(soon: readonly Soon<T>[]): Soon<readonly T[]> {
  return areAtHand(soon) ? soon : Promise.all(soon)
}

function areAtHand<T>(soon: readonly Soon<T>[]): soon is readonly T[] {
  return !soon.some((one) => one instanceof Promise)
}

function copyOf({ value }: CacheRow): Frozen {
  return value instanceof Uint8Array ? copyBytes(value) : freezeCopy(value)
}

/** What another replica tells is nobody's call. */
function ownCall(): Call {
  return { signal: new AbortController().signal, remainingMs: () => 5_000, traceId: 'cache-signal', text: false, degrade: () => undefined }
}
