import type { Call } from '../../kernel/plugin.ts'
import { isPorticoError } from '../../kernel/plugin.ts'
import type { Shape, SqlConnection } from '../../kernel/ports/sql/index.ts'
import { type Filled, keysOf, notIndexable, toCandidate } from '../../kernel/ports/storage/index.ts'
import { toRow } from './row.ts'
import { rowColumns, type SqlRow } from './statements.ts'
import type { KeyColumn, Table } from './table.ts'

const batchRows = 200

type KeyedSqlRow = SqlRow & Readonly<Record<string, Uint8Array | null>>

/** Writes keys where a row has others than its record, a batch at a time. */
export class KeyFill {
  readonly #connection: SqlConnection
  readonly #table: Table
  readonly #keys: readonly KeyColumn[]
  readonly #page: Shape<'id' | 'limit'>
  readonly #write: Shape<string>
  readonly #expired: Shape<never>

  constructor(connection: SqlConnection, table: Table, keys: readonly KeyColumn[]) {
    this.#connection = connection
    this.#table = table
    this.#keys = keys
    this.#page = connection.shape<'id' | 'limit'>((knex, p) => knex(table.name)
      .select({ ...rowColumns(connection, knex), ...Object.fromEntries(keys.map(({ column }) => [column, column])) })
      .where('id', '>', p.value('id')).orderBy('id').limit(p.limit('limit')))
    this.#write = connection.shape<string>((knex, p) => knex(table.name)
      .where('id', p.value('id')).where('version', p.value('version'))
      .update(Object.fromEntries(keys.map(({ column }) => [column, p.value(column)]))))
    this.#expired = connection.shape((knex, p) => knex(table.name).where('expires_at', '<=', p.now).delete())
  }

  /** The statement that each row without its keys is changed by. */
  get statement(): string {
    return this.#write(Object.fromEntries(['id', 'version', ...this.#keys.map(({ column }) => column)].map((name) => [name, '']))).sql
  }

  async batch(after: string | undefined, call: Call): Promise<Filled> {
    if (after === undefined) await this.#connection.execute([this.#expired({})], call)
    const rows = await this.#connection.query<KeyedSqlRow>(this.#page({ id: after ?? '', limit: batchRows }), call)
    const steps = rows.flatMap((row) => {
      const values = this.#keysOf(row)
      if (this.#keys.every(({ column, index }) => isSame(row[column], values[index.at]))) return []
      return [this.#write({ id: row.id, version: row.version, ...Object.fromEntries(this.#keys.map(({ column, index }) => [column, values[index.at] ?? null])) })]
    })
    await this.#connection.execute(steps, call)
    const last = rows.length < batchRows ? undefined : rows.at(-1)
    return { examined: rows.length, written: steps.length, ...(last && { last: last.id }) }
  }

  #keysOf(row: SqlRow): readonly (Uint8Array | null)[] {
    try {
      return keysOf(this.#table.collection, toCandidate(toRow(row)))
    } catch (error) {
      if (!isPorticoError(error)) throw error
      throw notIndexable(this.#table.collection, this.#keys.map(({ index }) => index), row.id, error)
    }
  }
}

function isSame(a: Uint8Array | null | undefined, b: Uint8Array | null | undefined): boolean {
  return a && b ? Buffer.compare(a, b) === 0 : !a && !b
}
