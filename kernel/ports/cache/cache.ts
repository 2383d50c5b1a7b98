import type { Counter } from '../../binding/meters.ts'
import type { Call } from '../../call.ts'
import { kernelError, type FieldError, type PorticoError } from '../../errors.ts'
import type { PortParts } from '../definition.ts'
import { findBadText } from '../text.ts'
import { Backend } from './backend.ts'
import type { CacheDriver, CacheFill, CacheFillWant, CacheRow, CacheSelection, CacheValue, Soon } from './driver.ts'
import { encode } from './encoding.ts'
import { bytesLeft, copyBytes, freezeCopy, freezeInPlace, sizeOfText, type Frozen } from './frozen.ts'
import { loadRefused } from './loaded.ts'
import { badKey, badKeys, badPrefix, badTags } from './keys.ts'
import { readParts, Texts, type RowsByKey } from './many.ts'
import type { CacheHit, InvalidateInput } from './operations.ts'
import { Flights } from './flights.ts'
import { beginningFill, deleting, endingFill, invalidating, readingOf, writing, type Question, type Rows } from './questions.ts'
import type { RememberKeys } from './remember-options.ts'

/** The port's own keys. */
export interface CacheKeys extends RememberKeys {
  readonly ttlMs?: number
  readonly timeoutMs?: number
  readonly maxValueBytes?: number
}

export type CacheParts = PortParts<CacheDriver, CacheKeys, 'tags'>

/** How deep a value can be: as deep as a document. */
const maxDepth = 30
const defaultTimeoutMs = 50
const defaultMaxValueBytes = 1024 ** 2

/** What one entry is to be: the input of `set`, and what only `remember` gives. */
export interface Entry {
  readonly key: string
  readonly value: CacheValue
  readonly ttlMs?: number | undefined
  readonly staleMs?: number | undefined
  readonly tags?: readonly string[] | undefined
  /** The fill that loaded it; without one it is stored in any case. */
  readonly fill?: CacheFill | undefined
  /** Where the value stands in what was loaded with that fill: a JSON pointer, empty when it is all of it. */
  readonly at?: string
}

/** The meaning of the port over one driver. */
export class Cache {
  readonly parts: CacheParts
  readonly flights = new Flights()
  readonly #backend: Backend
  readonly #isFrozen: boolean
  readonly #reading: Question<readonly string[], Rows>
  readonly #hits: Counter
  readonly #misses: Counter
  readonly #tooLarge: Counter

  constructor(parts: CacheParts) {
    this.parts = parts
    this.#reading = readingOf(parts.driver)
    this.#isFrozen = parts.driver.keepsValues ?? false
    this.#hits = parts.meters.counter('hits_total', 'Keys that were there, fresh or stale.', {})
    this.#misses = parts.meters.counter('misses_total', 'Keys that were not there, or the backend was not.', {})
    this.#tooLarge = parts.meters.counter('too_large_total', 'Values that were not stored because they are larger than maxValue.', {})
    this.#backend = new Backend({ ...parts, timeoutMs: parts.keys.timeoutMs ?? defaultTimeoutMs })
  }

  /** The entry with its value frozen; undefined when there is none, or the backend is down and no copy at hand. */
  read(operation: string, key: string, call: Call): Soon<CacheRow | undefined> {
    const wrong = badKey(key)
    if (wrong !== undefined) throw this.invalid(operation, { path: '/key', message: wrong })
    const soon = this.#backend.ask(this.#reading, [key], call)
    return soon instanceof Promise ? soon.then(([row]) => this.#found(row)) : this.#found(soon[0])
  }

  get(key: string, call: Call): Soon<CacheHit | null> {
    const soon = this.read('get', key, call)
    return soon instanceof Promise ? soon.then((row) => hitOf(row, call)) : hitOf(soon, call)
  }

  async getMany(keys: readonly string[], call: Call): Promise<readonly (CacheHit | null)[]> {
    if (!call.text) return (await this.readMany('getMany', keys, call)).map((row) => (row ? toHit(row, call) : null))
    const texts = new Texts(keys)
    const rows = await this.readMany('getMany', keys, call, (found) => { texts.add(found) })
    return rows.map((row, index) => (row ? { ...toHit({ value: null, freshMs: row.freshMs }, call), ...texts.hitOf(keys[index] ?? '') } : null))
  }

  /** As `read`, in the order of the keys; `onPart` is told what is there each time that more is, and may end it by an error. */
  async readMany(operation: string, keys: readonly string[], call: Call, onPart?: (found: RowsByKey) => void): Promise<readonly (CacheRow | undefined)[]> {
    this.refuse(operation, badKeys(keys))
    const found = await readParts(keys, (part) => this.#backend.ask(this.#reading, part, call), onPart)
    return keys.map((key) => this.#found(found.get(key)))
  }

  /** Stores a frozen copy of the value, and answers that copy whether it was stored or not; a value that is too large is answered as it is. */
  async set(operation: string, entry: Entry, call: Call): Promise<{ readonly stored: boolean; readonly value: CacheValue }> {
    const { key, tags = [], staleMs = 0, fill } = entry
    this.refuse(operation, fieldError('/key', badKey(key)) ?? badTags(tags))

    const frozen = this.#freeze(entry.value, (found) => (fill ? this.#loadRefused(operation, found, entry) : this.invalid(operation, below('/value', found))))
    if (!frozen) return this.#refuseLarge(entry, call)
    const { value, sizeBytes } = frozen
    const freshMs = entry.ttlMs ?? this.parts.keys.ttlMs ?? null
    const write = {
      key, value, freshMs, tags, fill,
      staleMs: freshMs === null ? 0 : staleMs,
      sizeBytes: tags.reduce((sum, tag) => sum + sizeOfText(tag), sizeBytes + sizeOfText(key)),
    }
    // A fill that is not stored leaves what was there, and that is as good as before.
    const stored = await (fill ? this.#backend.ask(writing, write, call) : this.#backend.change(writing, write, call, { key }))
    // A fill that lost to a change is as it should be.
    if (!stored && !fill) call.degrade()
    return { stored, value }
  }

  /** What was there is older than what could not be stored. */
  async #refuseLarge({ key, value, fill }: Entry, call: Call): Promise<{ readonly stored: false; readonly value: CacheValue }> {
    this.#tooLarge.value++
    if (!fill) call.degrade()
    await this.drop(key, call)
    return { stored: false, value }
  }

  /** A fill; undefined while another one is open alone; `down` when the backend is, and nothing can be cached then. */
  async beginFill(want: CacheFillWant, call: Call): Promise<CacheFill | undefined | 'down'> {
    return this.#backend.ask(beginningFill, want, call)
  }

  async endFill(key: string, fill: CacheFill, call: Call): Promise<void> {
    await this.#backend.ask(endingFill, { key, fill }, call)
  }

  async delete(key: string, call: Call): Promise<void> {
    this.refuse('delete', fieldError('/key', badKey(key)))
    this.flights.outdate(key)
    await this.drop(key, call)
  }

  /** Removes what is under the key, and ends its fills. */
  async drop(key: string, call: Call): Promise<void> {
    await this.#backend.change(deleting, key, call, { key })
  }

  async invalidate(input: InvalidateInput, call: Call): Promise<void> {
    this.refuse('invalidate', badTags(input.tags ?? []) ?? fieldError('/prefix', input.prefix === undefined ? undefined : badPrefix(input.prefix)))
    const selection = selectionOf(input)
    if (!selection) return this.refuse('invalidate', { path: '', message: 'must have exactly one of tags, prefix and all' })
    this.flights.outdateSelected(selection)
    await this.#backend.change(invalidating, selection, call, selection)
  }

  #found(row: CacheRow | undefined): CacheRow | undefined {
    if (!row) {
      this.#misses.value++
      return undefined
    }
    this.#hits.value++
    if (!this.#isFrozen && !(row.value instanceof Uint8Array)) freezeInPlace(row.value)
    return row
  }

  /** A frozen copy of what a load gave, or the very value when it is too large. @throws CACHE_LOAD_INVALID when it is neither bytes nor plain JSON. */
  freezeLoaded(operation: string, value: CacheValue, at = ''): CacheValue {
    const frozen = this.#freeze(value, (found) => this.#loadRefused(operation, found, { value, at }))
    return frozen ? frozen.value : value
  }

  #loadRefused(operation: string, found: FieldError, { value, at }: Pick<Entry, 'value' | 'at'>): PorticoError {
    return loadRefused(`${this.parts.binding}.${operation}`, found, value, at)
  }

  /** Undefined when the value is larger than `maxValue`: of such a one no more is looked at than tells so. @throws what `refused` makes of a value that is neither bytes nor plain JSON. */
  #freeze(value: CacheValue, refused: (found: FieldError) => PorticoError): Frozen | undefined {
    const maxBytes = this.parts.keys.maxValueBytes ?? defaultMaxValueBytes
    if (bytesLeft(value, maxBytes, maxDepth) < 0) return undefined
    if (value instanceof Uint8Array) return within(maxBytes, copyBytes(value))
    const found = findBadText(value, { maxDepth })
    if (found) throw refused(found)
    return within(maxBytes, freezeCopy(value))
  }

  /** @throws INPUT_INVALID when there is something wrong. */
  refuse(operation: string, wrong: FieldError | undefined): void {
    if (wrong) throw this.invalid(operation, wrong)
  }

  invalid(operation: string, wrong: FieldError): PorticoError {
    return kernelError('INPUT_INVALID', { operation: `${this.parts.binding}.${operation}` }, { errors: [wrong] })
  }
}

function within(maxBytes: number, frozen: Frozen): Frozen | undefined {
  return frozen.sizeBytes > maxBytes ? undefined : frozen
}

export function isFresh({ freshMs }: CacheRow): boolean {
  return freshMs === null || freshMs > 0
}

function hitOf(row: CacheRow | undefined, call: Call): CacheHit | null {
  return row ? toHit(row, call) : null
}

function toHit({ value, freshMs }: CacheRow, call: Call): CacheHit {
  if (call.text && value instanceof Uint8Array) return { ...toHit({ value: null, freshMs }, call), ...encode(value) }
  if (freshMs === null) return { value, ttlMs: null, stale: false }
  // Rounded up: a value that is fresh for half a millisecond more is not stale yet.
  return freshMs > 0 ? { value, ttlMs: Math.ceil(freshMs), stale: false } : { value, ttlMs: 0, stale: true }
}

function selectionOf({ tags, prefix, all }: InvalidateInput): CacheSelection | undefined {
  const given = [tags && { tags }, prefix === undefined ? undefined : { prefix }, all && { all }].filter((one) => one !== undefined)
  return given.length === 1 ? given[0] : undefined
}

function fieldError(path: string, message: string | undefined): FieldError | undefined {
  return message === undefined ? undefined : { path, message }
}

function below(path: string, found: FieldError): FieldError {
  return { path: `${path}${found.path}`, message: found.message }
}
