import { hash, randomUUID } from 'node:crypto'
import { type Call, isPorticoError, type Json, type Log } from '../../kernel/plugin.ts'
import type { CacheDriver, CacheFill, CacheFillWant, CacheRow, CacheSelection, CacheValue, CacheWrite } from '../../kernel/ports/cache/index.ts'
import { databaseError, type SqlConnection, SqlRefusal, type SqlStep } from '../../kernel/ports/sql/index.ts'
import { makeStatements, mostKeys, readSizes, type Statements, type StoredRow } from './statements.ts'
import { Sweeper } from './sweeper.ts'
import type { Tables } from './tables.ts'

/** So many rows are read whatever they have. */
const fewKeys = 10
/** Of more, as many as have so many bytes together. */
const enoughBytes = 1024 ** 2

export interface SqlCacheParts {
  readonly connection: SqlConnection
  readonly tables: Tables
  readonly maxAgeMs: number
  readonly log: Log
}

/**
 * A row carries the count of invalidations as it was written, and holds unless something that selects it was marked later.
 * @see docs/decisions/0052-invalidations-are-stamps.md
 */
export class SqlCache implements CacheDriver {
  readonly #connection: SqlConnection
  readonly #statements: Statements
  readonly #maxAgeMs: number
  readonly #sweeper: Sweeper

  constructor({ connection, tables, maxAgeMs, log }: SqlCacheParts) {
    this.#connection = connection
    // The shapes are made apart from their connection, which they must not lose.
    this.#statements = makeStatements({ shape: (build) => connection.shape(build), dialect: connection.dialect }, tables)
    this.#maxAgeMs = maxAgeMs
    this.#sweeper = new Sweeper({ connection, statements: this.#statements, log })
  }

  async read(keys: readonly string[], call: Call): Promise<readonly (CacheRow | undefined)[]> {
    const hashes = await this.#firstOf(keys.slice(0, mostKeys).map(digest), call)
    const size = readSizes.find((one) => one >= hashes.length) ?? mostKeys
    const shape = this.#statements.read.get(size)
    if (!shape || hashes.length === 0) return []
    const rows = await this.#connection.query<StoredRow>(shape(filledUp(hashes, size)), call)
    const byHash = new Map(rows.map((row) => [row.hash, toRow(row)]))
    return hashes.map((one) => byHash.get(one))
  }

  /** As many of the rows as one answer should have; a few are not worth the look. */
  async #firstOf(hashes: readonly string[], call: Call): Promise<readonly string[]> {
    if (hashes.length <= fewKeys) return hashes
    const sizes = await this.#connection.query<{ hash: string; bytes: number }>(this.#statements.measure(filledUp(hashes, mostKeys)), call)
    const bytesOf = new Map(sizes.map(({ hash, bytes }) => [hash, bytes]))
    let bytes = 0
    const enough = hashes.findIndex((hash) => {
      bytes += bytesOf.get(hash) ?? 0
      return bytes > enoughBytes
    })
    return enough === -1 ? hashes : hashes.slice(0, Math.max(1, enough))
  }

  async write({ key, value, freshMs, staleMs, keepMs = Number.POSITIVE_INFINITY, tags, fill }: CacheWrite, call: Call): Promise<boolean> {
    const { takeTurn, closeAll, closeOpen, untag, tag, put, putFilled } = this.#statements
    const row = {
      hash: digest(key), key: markedKey(key), value: textOf(value), tags: tags.length === 0 ? null : JSON.stringify(tags),
      freshMs, lifeMs: Math.min(freshMs === null ? this.#maxAgeMs : freshMs + staleMs, keepMs),
    }
    const [token = '', stamp] = fill?.token.split(' ') ?? []
    const stored = await this.#taken(key, call, this.#change([
      ...takeTurn(row.hash),
      ...(fill ? [{ ...closeOpen({ token }), expect: 1 }, untag({ owner: token })] : []),
      closeAll({ hash: row.hash }),
      fill ? putFilled({ ...row, stamp: Number(stamp) }) : put(row),
      untag({ owner: row.hash }),
      ...tags.map((one) => tag({ owner: row.hash, tag: tagMark(one) })),
    ], call))
    this.#sweeper.note()
    return stored
  }

  /** What is larger than the database takes is not stored, and nothing older is left in its place. */
  async #taken(key: string, call: Call, stored: Promise<boolean>): Promise<boolean> {
    try {
      return await stored
    } catch (error) {
      if (!isPorticoError(error) || error.code !== 'DATABASE_TOO_LARGE') throw error
      await this.delete(key, call)
      return false
    }
  }

  async delete(key: string, call: Call): Promise<void> {
    const { takeTurn, closeAll, remove, untag } = this.#statements
    const hashed = digest(key)
    await this.#change([...takeTurn(hashed), closeAll({ hash: hashed }), remove({ hash: hashed }), untag({ owner: hashed })], call)
  }

  async invalidate(selection: CacheSelection, call: Call): Promise<void> {
    const { raise, markAll, markTag, markPrefix, markLength } = this.#statements
    const marks = 'all' in selection ? [markAll({})]
      : 'tags' in selection ? [...new Set(selection.tags)].map((tag) => markTag({ name: tagMark(tag) }))
      : [markPrefix({ name: markedKey(selection.prefix) }), markLength({ name: lengthMark(selection.prefix), length: markedKey(selection.prefix).length })]
    await this.#change([raise({}), ...marks], call)
    this.#sweeper.note()
  }

  async beginFill({ key, tags, holdMs, alone }: CacheFillWant, call: Call): Promise<CacheFill | undefined> {
    const { begin, stampOf, tag, yield: makeRoom } = this.#statements
    const [token, hashed] = [randomUUID(), digest(key)]
    const name = alone ? hashed : token
    try {
      const { rows } = await this.#connection.executeAndQuery<{ stamp: number }>([
        ...(alone ? [makeRoom({ name })] : []),
        begin({ name, hash: hashed, key: markedKey(key), token, holdMs }),
        ...tags.map((one) => tag({ owner: token, tag: tagMark(one) })),
      ], stampOf({ token }), call)
      this.#sweeper.note()
      // Without its row somebody has ended it already.
      return { token: `${token} ${rows[0]?.stamp ?? -1}` }
    } catch (error) {
      if (error instanceof SqlRefusal && error.refusal.reason === 'unique' && alone) return undefined
      throw translated(error)
    }
  }

  async endFill(_: string, fill: CacheFill, call: Call): Promise<void> {
    const [token = ''] = fill.token.split(' ')
    await this.#change([this.#statements.close({ token }), this.#statements.untag({ owner: token })], call)
  }

  async close(): Promise<void> {
    await this.#sweeper.close()
  }

  /** False when a step met another number of rows than it expects: the fill is not open. */
  async #change(steps: readonly SqlStep[], call: Call): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#connection.execute(steps, call)
        return true
      } catch (error) {
        if (!(error instanceof SqlRefusal)) throw error
        if (error.refusal.reason === 'count') return false
        // Two writers made the same row or tag at one moment; the second finds it there.
        if (error.refusal.reason !== 'unique' || attempt === 3) throw translated(error)
      }
    }
  }
}

function translated(error: unknown): unknown {
  return error instanceof SqlRefusal ? databaseError('cache', 'failed', error.message, error) : error
}

function filledUp(hashes: readonly string[], size: number): Record<`hash${number}`, string> {
  return Object.fromEntries(Array.from({ length: size }, (_, at) => [`hash${at}`, hashes[Math.min(at, hashes.length - 1)] ?? '']))
}

/** Callers choose what they like to collide with: no hash that is broken will do. */
function digest(text: string): string {
  return hash('sha256', text, 'base64url')
}

/** A key as prefixes are compared with: their marks are the beginnings of it. */
function markedKey(text: string): Buffer {
  return Buffer.from(`p${text}`)
}

function tagMark(tag: string): Buffer {
  return Buffer.from(`t${digest(tag)}`)
}

function lengthMark(prefix: string): Buffer {
  return Buffer.from(`l${markedKey(prefix).length}`)
}

/** `j` and JSON, or `b` and bytes in base64. */
function textOf(value: CacheValue): string {
  return value instanceof Uint8Array ? `b${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}` : `j${JSON.stringify(value)}`
}

function toRow({ value, tags, fresh_until: freshUntil, now }: StoredRow): CacheRow {
  const body = value.slice(1)
  return {
    value: value.startsWith('b') ? new Uint8Array(Buffer.from(body, 'base64')) : (JSON.parse(body) as Json),
    freshMs: freshUntil === null ? null : freshUntil - now,
    ...(tags !== null && { tags: JSON.parse(tags) as readonly string[] }),
  }
}
