import type { Knex } from 'knex'
import type { Params, Shape, SqlConnection, SqlValue, Statement } from '../../kernel/ports/sql/index.ts'
import type { Range } from '../../kernel/ports/storage/index.ts'
import { asText, type Codec } from './mapped-codec.ts'
import type { Term } from './mapped-conditions.ts'
import type { Layout } from './mapped-layout.ts'
import { idsAtOnce } from './statements.ts'

/** A row of a mapped table; its fields are `c0`, `c1`, … in the order of the layout. */
export type MappedSqlRow = Readonly<Record<string, unknown>> & { readonly id: unknown; readonly version: unknown; readonly created?: unknown; readonly updated?: unknown }

/** A range of the rows in the table's own order of ids, or in that of their bytes. */
export interface MappedRange {
  readonly terms: readonly Term[]
  readonly after?: SqlValue
}

/** Lists of values have few lengths, so that there are few statements. */
const listLengths = [1, 16, 1_024] as const
/** So many walks have a statement at once; callers choose what they ask for. */
const mostShapes = 500

/** The statements of one mapped table, each compiled at its first use. It changes rows, and nothing else. */
export class MappedStatements {
  readonly one: Shape<'id'>
  readonly insert: Shape<string>
  readonly update: Shape<string>
  readonly delete: Shape<'id' | 'seen'>
  readonly deleteAny: Shape<'id'>
  readonly touch: Shape<'id' | 'seen'>
  readonly touchAny: Shape<'id'>
  readonly #connection: SqlConnection
  readonly #layout: Layout
  /** The column of the ids as it is: an order by its name alone would be one by what is selected under that name. */
  readonly #id: string
  readonly #shapes = new Map<string, Shape<string>>()

  constructor(connection: SqlConnection, layout: Layout) {
    this.#connection = connection
    this.#layout = layout
    this.#id = `${layout.mapping.table}.${layout.mapping.id}`
    const { mapping, fields, id } = layout
    const time = (p: Params<string>, what: 'createdAt' | 'updatedAt') => (mapping[what] === undefined ? {} : { [mapping[what]]: p.value(what) })
    // Values go by names of their own: a column may be called anything.
    const changed = (p: Params<string>) => ({
      [mapping.version.column]: p.value('version'), ...time(p, 'updatedAt'),
      ...Object.fromEntries(fields.map(({ column }, at) => [column, p.value(`c${at}`)])),
    })
    const same = (knex: Knex) => ({ [mapping.version.column]: knex.ref(mapping.version.column) })

    this.one = connection.shape((knex, p) => knex(mapping.table).where(mapping.id, this.#compared(knex, id, p.value('id'))).select(this.#columns(knex)))
    this.insert = connection.shape<string>((knex, p) => knex(mapping.table).insert({ [mapping.id]: p.value('id'), ...time(p, 'createdAt'), ...changed(p) }))
    this.update = connection.shape<string>((knex, p) => this.#at(knex, p, true).update(changed(p)))
    this.delete = connection.shape((knex, p) => this.#at(knex, p, true).delete())
    this.deleteAny = connection.shape((knex, p) => this.#at(knex, p, false).delete())
    this.touch = connection.shape((knex, p) => this.#at(knex, p, true).update(same(knex)))
    this.touchAny = connection.shape((knex, p) => this.#at(knex, p, false).update(same(knex)))
  }

  /** Reads some ids, 128 at most. */
  many(ids: readonly SqlValue[]): Statement {
    const count = idsAtOnce.find((size) => size >= ids.length) ?? ids.length
    const names = Array.from({ length: count }, (_, at) => `id${at}`)
    const { mapping, id } = this.#layout
    const shape = this.#shape(`ids ${count}`, (knex, p) => knex(mapping.table).select(this.#columns(knex)).whereIn(mapping.id, names.map((name) => this.#compared(knex, id, p.value(name)))))
    return shape(Object.fromEntries(names.map((name, at) => [name, ids[at] ?? ids[0] ?? null])))
  }

  rows({ terms, after }: MappedRange, limit: number): Statement {
    const { mapping, id } = this.#layout
    const shape = this.#shape(`rows ${terms.map(formOf).join(' ')} ${after === undefined ? '' : 'after'}`, (knex, p) => {
      const query = this.#narrowed(knex, p, terms).select(this.#columns(knex)).orderBy(this.#id).limit(p.limit('limit'))
      return after === undefined ? query : query.where(mapping.id, '>', this.#compared(knex, id, p.value('after')))
    })
    return shape({ ...paramsOf(terms), limit, ...(after !== undefined && { after }) })
  }

  /** Of a table whose ids are in the order of their bytes. */
  byId({ lower, upper, reverse }: Extract<Range, { readonly by: 'id' }>, limit: number | 'count'): Statement {
    const { mapping } = this.#layout
    const shape = this.#shape(`id ${lower?.open} ${upper?.open} ${reverse} ${limit === 'count'}`, (knex, p) => {
      const column = this.#connection.dialect.inByteOrder(knex, this.#id)
      const query = knex(mapping.table)
      if (lower) query.whereRaw(`? ${lower.open ? '>' : '>='} ?`, [column, p.value('lower')])
      if (upper) query.whereRaw(`? ${upper.open ? '<' : '<='} ?`, [column, p.value('upper')])
      if (limit === 'count') return query.count({ count: '*' })
      return query.select(this.#columns(knex)).orderByRaw(`? ${reverse ? 'desc' : 'asc'}`, [column]).limit(p.limit('limit'))
    })
    return shape({ ...(lower && { lower: lower.value }), ...(upper && { upper: upper.value }), ...(limit !== 'count' && { limit }) })
  }

  count(): Statement {
    return this.#shape('count', (knex) => knex(this.#layout.mapping.table).count({ count: '*' }))({})
  }

  #shape(key: string, build: (knex: Knex, p: Params<string>) => Knex.QueryBuilder): Shape<string> {
    let shape = this.#shapes.get(key)
    if (shape) return shape
    if (this.#shapes.size >= mostShapes) this.#shapes.clear()
    this.#shapes.set(key, (shape = this.#connection.shape<string>(build)))
    return shape
  }

  #columns(knex: Knex): Record<string, Knex.Raw> {
    const { id, mapping, fields, times } = this.#layout
    const { dialect } = this.#connection
    return {
      id: id.select(knex, dialect, mapping.id),
      // As it is compared: a padded column is told without its padding.
      version: asText(knex, dialect, mapping.version.column),
      ...(times.createdAt && { created: times.createdAt.form.select(knex, dialect, times.createdAt.column) }),
      ...(times.updatedAt && { updated: times.updatedAt.form.select(knex, dialect, times.updatedAt.column) }),
      ...Object.fromEntries(fields.map(({ codec, column }, at) => [`c${at}`, codec.select(knex, dialect, column)])),
    }
  }

  /** The row of the id, and at the version: a collation takes other texts for the same, and those are not asked for. */
  #at(knex: Knex, p: Params<never>, seen: boolean): Knex.QueryBuilder {
    const { mapping, version, id } = this.#layout
    const value = (name: string) => (p as Params<string>).value(name)
    const query = knex(mapping.table).where(mapping.id, this.#compared(knex, id, value('id')))
    if (!id.exact) query.whereRaw('? = ?', [this.#connection.dialect.plainText(knex, mapping.id), value('id')])
    if (!seen) return query
    return version.is === 'integer' ? query.where(mapping.version.column, value('seen')) : query.whereRaw('? = ?', [this.#connection.dialect.plainText(knex, mapping.version.column), value('seen')])
  }

  #compared(knex: Knex, codec: Codec, value: Knex.Raw): Knex.Raw {
    return codec.compared?.(knex, this.#connection.dialect, value) ?? value
  }

  #narrowed(knex: Knex, p: Params<string>, terms: readonly Term[]): Knex.QueryBuilder {
    const query = knex(this.#layout.mapping.table)
    for (const [at, term] of terms.entries()) {
      if (term.is === 'null') query.whereNull(term.column)
      else if (term.is === 'between') {
        if (term.low !== undefined) query.where(term.column, '>=', p.value(`low${at}`))
        if (term.high !== undefined) query.where(term.column, '<=', p.value(`high${at}`))
      } else query.whereIn(term.column, Array.from({ length: lengthOf(term.values) }, (_, one) => this.#compared(knex, term.codec, p.value(`in${at}_${one}`))))
    }
    return query
  }
}

function formOf(term: Term): string {
  const more = term.is === 'in' ? lengthOf(term.values) : term.is === 'between' ? `${term.low !== undefined} ${term.high !== undefined}` : ''
  return `${JSON.stringify(term.column)} ${term.is} ${more}`
}

function lengthOf(values: readonly SqlValue[]): number {
  return listLengths.find((length) => length >= values.length) ?? values.length
}

function paramsOf(terms: readonly Term[]): Record<string, SqlValue> {
  return Object.fromEntries(terms.flatMap((term, at): [string, SqlValue][] => {
    if (term.is === 'null') return []
    if (term.is === 'between') return [[`low${at}`, term.low ?? null], [`high${at}`, term.high ?? null]]
    // A list of none is one of NULL, which no value equals.
    return Array.from({ length: lengthOf(term.values) }, (_, one) => [`in${at}_${one}`, term.values[one] ?? term.values[0] ?? null])
  }))
}
