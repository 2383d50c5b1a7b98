import type { JsonObject } from '../../kernel/json.ts'
import { holds } from '../../kernel/ports/storage/evaluate.ts'
import type { Where } from '../../kernel/ports/storage/index.ts'
import { mergePatch } from '../../kernel/ports/storage/merge-patch.ts'
import { compareRecords, compareValues } from '../../kernel/ports/storage/order.ts'
import { type Candidate, parsePath, valueAt } from '../../kernel/ports/storage/path.ts'
import { parseQuery } from '../../kernel/ports/storage/query.ts'

/** One change of one record. */
export type Change =
  | { readonly insert: { readonly id: string; readonly value: JsonObject; readonly ttlMs?: number | undefined } }
  | { readonly put: { readonly id: string; readonly value: JsonObject } }
  | { readonly patch: { readonly id: string; readonly patch: JsonObject } }
  | { readonly delete: { readonly id: string } }

/** `done`, or the code it is refused with. */
export type Outcome = string

interface Kept extends Candidate {
  readonly expiresAtMs: number
}

/** Storage over a plain array: what every backend must answer. */
export class ArrayStorage {
  readonly #unique: readonly (readonly string[])[]
  readonly #now: () => number
  #kept: readonly Kept[]

  constructor(unique: readonly (readonly string[])[], now: () => number, kept: readonly Kept[] = []) {
    this.#unique = unique
    this.#now = now
    this.#kept = kept
  }

  /** Another one with the same records. */
  copy(): ArrayStorage {
    return new ArrayStorage(this.#unique, this.#now, this.#kept)
  }

  get live(): readonly Kept[] {
    return this.#kept.filter((record) => record.expiresAtMs > this.#now())
  }

  find({ where, orderBy }: { readonly where: Where; readonly orderBy: readonly string[] }): readonly Kept[] {
    const query = parseQuery('test', { where, orderBy })
    return this.live.filter((record) => holds(query.filter, record)).sort(compareRecords(query.orderBy))
  }

  apply(change: Change): Outcome {
    if ('insert' in change) return this.#write(change.insert, (change.insert.ttlMs ?? Number.POSITIVE_INFINITY) + this.#now())
    if ('put' in change) return this.#write(change.put, Number.POSITIVE_INFINITY)
    const { id } = 'patch' in change ? change.patch : change.delete
    const before = this.#get(id)
    if (!before) return 'STORAGE_NOT_FOUND'
    if ('patch' in change) return this.#write({ id, value: mergePatch(before.value, change.patch.patch) }, before.expiresAtMs)
    this.#kept = this.#kept.filter((record) => record.id !== id)
    return 'done'
  }

  #write({ id, value }: { readonly id: string; readonly value: JsonObject }, expiresAtMs: number): Outcome {
    const nowMs = this.#now()
    const record = { id, value, createdAtMs: this.#get(id)?.createdAtMs ?? nowMs, updatedAtMs: nowMs, expiresAtMs }
    if (this.live.some((other) => other.id !== id && this.#unique.some((paths) => collide(record, other, paths)))) return 'STORAGE_NOT_UNIQUE'
    this.#kept = [...this.#kept.filter((other) => other.id !== id), record]
    return 'done'
  }

  #get(id: string): Kept | undefined {
    return this.live.find((record) => record.id === id)
  }
}

/** Whether two records cannot both be in a unique index. */
function collide(a: Candidate, b: Candidate, paths: readonly string[]): boolean {
  return paths.every((name) => {
    const [one, other] = [a, b].map((record) => valueAt(pathOf(name), record))
    return one !== undefined && other !== undefined && compareValues(one, other) === 0
  })
}

/** A value reduced to paths, built up from nothing: the other way round than the code under test goes. */
export function selected(record: Candidate, select: readonly string[]): JsonObject {
  const made: Record<string, unknown> = {}
  for (const name of [...select].sort((a, b) => a.length - b.length)) {
    const value = valueAt(pathOf(name), record)
    if (value === undefined) continue
    const segments = name.split('.')
    const last = segments.pop() ?? ''
    let at = made
    for (const segment of segments) at = (Object.hasOwn(at, segment) ? at[segment] : (at[segment] = {})) as Record<string, unknown>
    at[last] = structuredClone(value)
  }
  return made as JsonObject
}

function pathOf(name: string) {
  const path = parsePath(name.replace(/^-/, ''))
  if (!path) throw new TypeError(`no path: ${name}`)
  return path
}
