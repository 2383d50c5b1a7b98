import type { Call } from '../../kernel/plugin.ts'
import type { SqlConnection, SqlStep, SqlValue } from '../../kernel/ports/sql/index.ts'
import type { Collection, Entry, KeyedRow, MappedTable, Range, Row, RowsRange, StorageDriver } from '../../kernel/ports/storage/index.ts'
import type { MappedCollection } from './mapped-collection.ts'
import { toRow } from './row.ts'
import { idsAtOnce, type SqlRow, Statements } from './statements.ts'
import { SqlStructure } from './structure.ts'
import { type Table, tableOf } from './table.ts'

interface Place {
  readonly table: Table
  readonly statements: Statements
}

/** Beyond so many rows a scan is said to be long, and read where it delays no others. */
const longRows = 64

/** Storage over any SQL database: one table a collection, one key column an index; or, `mapped`, a table of others. */
export class SqlStorage implements StorageDriver<SqlStep> {
  readonly commits: SqlConnection
  readonly structure: SqlStructure
  readonly #places: ReadonlyMap<string, Place>
  readonly #mapped: ReadonlyMap<string, MappedCollection>

  constructor(connection: SqlConnection, binding: string, collections: readonly Collection[], mapped: ReadonlyMap<string, MappedCollection> = new Map()) {
    this.#mapped = mapped
    this.commits = connection
    this.structure = new SqlStructure(connection, binding)
    this.#places = new Map(collections.filter(({ mapping }) => !mapping).map((collection) => {
      const table = tableOf(binding, collection)
      return [collection.name, { table, statements: new Statements(connection, table) }]
    }))
  }

  async read(collection: string, ids: readonly string[], call: Call): Promise<readonly (Row | undefined)[]> {
    const mapped = this.#mapped.get(collection)
    if (mapped) return mapped.read(ids, call)
    const { statements } = this.#at(collection)
    const [only] = ids
    if (only !== undefined && ids.length === 1) {
      const row = await this.commits.queryOne<SqlRow>(statements.one({ id: only }), call)
      return [row && toRow(row)]
    }

    const found = new Map<string, Row>()
    const most = idsAtOnce.at(-1) ?? 1
    for (let at = 0; at < ids.length; at += most) {
      for (const row of await this.#some(statements, ids.slice(at, at + most), call)) found.set(row.id, toRow(row))
    }
    // A database answers in any order; the driver interface promises the order of the ids.
    return ids.map((id) => found.get(id))
  }

  async scan(collection: string, range: Range | RowsRange, limit: number, call: Call): Promise<readonly Row[]> {
    const mapped = this.#mapped.get(collection)
    if (mapped) return mapped.scan(range, limit, call)
    if (range.by === 'rows') throw new RangeError(`${collection} is not mapped`)
    const statement = this.#at(collection).statements.range(range, 'rows')({ ...ends(range), limit })
    const rows = await this.commits.query<SqlRow>(statement, call, { long: limit > longRows })
    return rows.map(toRow)
  }

  async count(collection: string, range: Range | RowsRange, call: Call): Promise<number> {
    const mapped = this.#mapped.get(collection)
    if (mapped) return mapped.count(range, call)
    if (range.by === 'rows') throw new RangeError(`${collection} is not mapped`)
    const statement = this.#at(collection).statements.range(range, 'count')(ends(range))
    const [row] = await this.commits.query<{ readonly count: number | string }>(statement, call, { long: true })
    // PostgreSQL counts in text.
    return Number(row?.count ?? 0)
  }

  steps(entries: readonly Entry[]): readonly (readonly SqlStep[])[] {
    return entries.map((entry) => this.#mapped.get(entry.collection)?.steps(entry) ?? this.#steps(entry))
  }

  async sweep(collection: string, limit: number, call: Call): Promise<number> {
    const { statements } = this.#at(collection)
    const expired = await this.commits.query<{ readonly id: string }>(statements.expired({ limit }), call)
    const changed = await this.commits.execute(expired.map(({ id }) => statements.deleteExpired({ id })), call)
    return changed.reduce((sum, one) => sum + one, 0)
  }

  mapped(collection: string): MappedTable {
    const mapped = this.#mapped.get(collection)
    if (!mapped) throw new RangeError(`${collection} is not mapped`)
    return mapped
  }

  now(call: Call): Promise<number> {
    return this.commits.now(call)
  }

  #at(collection: string): Place {
    const place = this.#places.get(collection)
    if (!place) throw new RangeError(`no table for the collection ${collection}`)
    return place
  }

  #some(statements: Statements, ids: readonly string[], call: Call): Promise<SqlRow[]> {
    const count = idsAtOnce.find((size) => size >= ids.length) ?? ids.length
    const values = Object.fromEntries(Array.from({ length: count }, (_, index) => [`id${index}`, ids[index] ?? ids[0] ?? '']))
    return this.commits.query<SqlRow>(statements.many(count)(values), call)
  }

  #steps({ collection, id, when, write }: Entry): readonly SqlStep[] {
    const { table, statements } = this.#at(collection)
    if (when === 'absent') return write ? [{ ...statements.insert(valuesOf(table, write)), expect: 1, byKey: true }] : reservation(statements, id)
    if (when === 'present') {
      const statement = write ? statements.updateAny(valuesOf(table, write)) : write === null ? statements.deleteAny({ id }) : statements.touchAny({ id })
      return [{ ...statement, expect: 1, byKey: true }]
    }
    const at = { id, seen: when.version }
    const statement = write ? statements.update({ ...valuesOf(table, write), ...at }) : write === null ? statements.delete(at) : statements.touch(at)
    return [{ ...statement, expect: 1, byKey: true }]
  }
}

/** Only a row of one's own shows on every database that nobody else adds that id before the commit: it is taken away again. */
function reservation(statements: Statements, id: string): readonly SqlStep[] {
  const row = { id, value: '{}', version: '', created_at: 0, updated_at: 0, expires_at: null }
  return [{ ...statements.reserve(row), expect: 1 }, { ...statements.unreserve({ id }), expect: 1 }]
}

function ends({ lower, upper }: Range): Record<string, SqlValue> {
  return { ...(lower && { lower: lower.value }), ...(upper && { upper: upper.value }) }
}

function valuesOf(table: Table, row: KeyedRow): Record<string, SqlValue> {
  const values: Record<string, SqlValue> = {
    id: row.id, value: row.text, version: row.version, created_at: row.createdAtMs, updated_at: row.updatedAtMs, expires_at: row.expiresAtMs,
  }
  for (const { column, index } of table.keys) values[column] = row.keys[index.at] ?? null
  return values
}
