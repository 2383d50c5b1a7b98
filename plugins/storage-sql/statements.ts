import type { Knex } from 'knex'
import type { Params, Shape, SqlConnection } from '../../kernel/ports/sql/index.ts'
import type { Range } from '../../kernel/ports/storage/index.ts'
import { documentColumns, type Table } from './table.ts'

/** A row as a statement answers it: under the names that a `Row` has, so that it need not be copied. */
export interface SqlRow {
  readonly id: string
  readonly text: string
  readonly version: string
  /** PostgreSQL and MySQL may answer 64-bit integers as text. */
  readonly createdAtMs: number | string
  readonly updatedAtMs: number | string
  readonly expiresAtMs: number | string | null
}

/** What a statement selects for a `SqlRow`. */
export function rowColumns({ dialect }: SqlConnection, knex: Knex) {
  return { id: 'id', text: dialect.documentText(knex, 'value'), version: 'version', createdAtMs: 'created_at', updatedAtMs: 'updated_at', expiresAtMs: 'expires_at' }
}

export type Build<N extends string> = (knex: Knex, p: Params<N>) => Knex.QueryBuilder

/** How many ids one statement reads at most; fewer are filled up, so that there are few statements. */
export const idsAtOnce = [1, 4, 16, 64, 128] as const

/** The statements of one table, each compiled at its first use. */
export class Statements {
  readonly one: Shape<'id'>
  readonly insert: Shape<string>
  readonly update: Shape<string>
  readonly updateAny: Shape<string>
  readonly delete: Shape<'id' | 'seen'>
  readonly deleteAny: Shape<'id'>
  readonly touch: Shape<'id' | 'seen'>
  readonly touchAny: Shape<'id'>
  readonly reserve: Shape<string>
  readonly unreserve: Shape<'id'>
  readonly expired: Shape<'limit'>
  readonly deleteExpired: Shape<'id'>
  readonly #connection: SqlConnection
  readonly #table: Table
  readonly #many = new Map<number, Shape<string>>()
  readonly #scans = new Map<string, Shape<string>>()

  constructor(connection: SqlConnection, table: Table) {
    this.#connection = connection
    this.#table = table
    const shape = <N extends string>(build: Build<N>) => connection.shape<N>(build)
    const written = [...documentColumns, ...table.keys.map((key) => key.column)]
    const changed = written.filter((column) => column !== 'id')
    const values = (p: Params<string>, columns: readonly string[]) => Object.fromEntries(columns.map((column) => [column, p.value(column)]))
    const at = (knex: Knex, p: Params<never>, seen: boolean) => {
      const query = this.#live(knex, p).where('id', (p as Params<string>).value('id'))
      return seen ? query.where('version', (p as Params<string>).value('seen')) : query
    }
    const same = (knex: Knex) => ({ version: knex.ref('version') })

    this.one = shape((knex, p) => at(knex, p, false).select(rowColumns(connection, knex)))
    this.insert = shape<string>((knex, p) => knex(table.name).insert(values(p, written)))
    this.update = shape<string>((knex, p) => at(knex, p, true).update(values(p, changed)))
    this.updateAny = shape<string>((knex, p) => at(knex, p, false).update(values(p, changed)))
    this.delete = shape((knex, p) => at(knex, p, true).delete())
    this.deleteAny = shape((knex, p) => at(knex, p, false).delete())
    this.touch = shape((knex, p) => at(knex, p, true).update(same(knex)))
    this.touchAny = shape((knex, p) => at(knex, p, false).update(same(knex)))
    this.reserve = shape<string>((knex, p) => knex(table.name).insert(values(p, documentColumns)))
    this.unreserve = shape((knex, p) => knex(table.name).where('id', p.value('id')).delete())
    this.expired = shape((knex, p) => knex(table.name).select('id').where('expires_at', '<=', p.now).orderBy('expires_at').limit(p.limit('limit')))
    this.deleteExpired = shape((knex, p) => knex(table.name).where('id', p.value('id')).where('expires_at', '<=', p.now).delete())
  }

  /** Reads `count` ids: `id0`, `id1`, … */
  many(count: number): Shape<string> {
    let shape = this.#many.get(count)
    if (!shape) {
      const names = Array.from({ length: count }, (_, index) => `id${index}`)
      shape = this.#connection.shape<string>((knex, p) => this.#live(knex, p).select(rowColumns(this.#connection, knex)).whereIn('id', names.map((name) => p.value(name))))
      this.#many.set(count, shape)
    }
    return shape
  }

  /** Reads `limit` rows of a range between `lower` and `upper`, or counts them. */
  range(range: Range, what: 'rows' | 'count'): Shape<string> {
    const key = `${what} ${range.by} ${endOf(range.lower)} ${endOf(range.upper)} ${range.reverse}`
    let shape = this.#scans.get(key)
    if (!shape) this.#scans.set(key, (shape = this.#connection.shape<string>((knex, p) => this.#range(knex, p, range, what))))
    return shape
  }

  #range(knex: Knex, p: Params<string>, { by, lower, upper, reverse }: Range, what: 'rows' | 'count'): Knex.QueryBuilder {
    const column = by === 'id' ? 'id' : this.#keyColumn(by)
    const query = this.#live(knex, p)
    if (lower) query.where(column, lower.open ? '>' : '>=', p.value('lower'))
    if (upper) query.where(column, upper.open ? '<' : '<=', p.value('upper'))
    if (!lower && !upper && by !== 'id') query.whereNotNull(column)
    if (what === 'count') return query.count({ count: '*' })
    return query.select(rowColumns(this.#connection, knex)).orderBy(column, reverse ? 'desc' : 'asc').limit(p.limit('limit'))
  }

  #keyColumn(at: number): string {
    const key = this.#table.keys[at]
    if (!key) throw new RangeError(`${this.#table.name} has no index ${at}`)
    return key.column
  }

  #live(knex: Knex, p: Params<never>): Knex.QueryBuilder {
    return knex(this.#table.name).where((live) => void live.whereNull('expires_at').orWhere('expires_at', '>', p.now))
  }
}

function endOf(bound: { readonly open: boolean } | undefined): string {
  return bound ? (bound.open ? 'open' : 'closed') : 'none'
}
