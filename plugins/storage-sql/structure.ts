import type { Call } from '../../kernel/plugin.ts'
import { isPorticoError } from '../../kernel/plugin.ts'
import type { SqlConnection } from '../../kernel/ports/sql/index.ts'
import { type Collection, type Filled, type FoundPlace, keyName, type KeyFilling, notUnique, placeName, storageError, type StorageStructure, type StructureChange } from '../../kernel/ports/storage/index.ts'
import { columnOf, definitionOf } from './definitions.ts'
import { KeyFill } from './fill.ts'
import { documentColumns, indexNameOf, isKeyColumn, type KeyColumn, type Table, tableOf } from './table.ts'

/** So many ids of records that are alike are told. */
const toldIds = 5

/** The tables, columns and indexes of one binding. */
export class SqlStructure implements StorageStructure {
  readonly #connection: SqlConnection
  readonly #binding: string
  readonly #fills = new WeakMap<KeyFilling, KeyFill>()

  constructor(connection: SqlConnection, binding: string) {
    this.#connection = connection
    this.#binding = binding
  }

  async look(collection: Collection, call: Call): Promise<FoundPlace | undefined> {
    const table = this.#tableOf(collection)
    const found = await this.#connection.table(table.name, call)
    if (!found) return undefined
    const missing = documentColumns.filter((column) => !found.columns.includes(column))
    if (missing.length > 0) throw storageError('STORAGE_TABLE_FOREIGN', { table: table.name, missing: missing.join(', ') })

    const keys = found.columns.filter(isKeyColumn)
    return { keys, indexes: keys.filter((key) => found.indexes.includes(indexNameOf(table.name, key))), findsExpired: found.indexes.includes(table.expiryIndex) }
  }

  async count(name: string, call: Call): Promise<number | undefined> {
    const place = placeName(this.#binding, name)
    if (!await this.#connection.table(place, call)) return undefined
    const [row] = await this.#connection.query<{ readonly count: number | string }>(this.#connection.shape((knex) => knex(place).count({ count: '*' }))({}), call, { long: true })
    return Number(row?.count ?? 0)
  }

  statements(change: StructureChange): readonly string[] {
    if (change.do === 'fill-keys') return [`-- for each row that lacks its keys: ${this.#fillOf(change).statement}`]
    if (change.do === 'drop-place') return this.#connection.definitions((knex) => knex.schema.dropTableIfExists(placeName(this.#binding, change.name)))
    return this.#connection.definitions(definitionOf(this.#connection.dialect, this.#tableOf(change.collection), change))
  }

  async apply(change: Exclude<StructureChange, KeyFilling>, call: Call): Promise<void> {
    if (change.do === 'drop-place') return this.#connection.define((knex) => knex.schema.dropTableIfExists(placeName(this.#binding, change.name)), call)
    const table = this.#tableOf(change.collection)
    const definition = definitionOf(this.#connection.dialect, table, change)
    if (change.do === 'make-index' && change.index.unique) return this.#makeUnique(table, columnOf(table, keyName(change.index)), () => this.#connection.define(definition, call), call)
    return this.#connection.define(definition, call)
  }

  fill(filling: KeyFilling, after: string | undefined, call: Call): Promise<Filled> {
    return this.#fillOf(filling).batch(after, call)
  }

  lock<T>(name: string, call: Call, body: () => Promise<T>): Promise<T> {
    return this.#connection.lock(name, call, body)
  }

  #tableOf(collection: Collection): Table {
    return tableOf(this.#binding, collection)
  }

  #fillOf(filling: KeyFilling): KeyFill {
    let fill = this.#fills.get(filling)
    if (!fill) {
      const table = this.#tableOf(filling.collection)
      this.#fills.set(filling, (fill = new KeyFill(this.#connection, table, filling.indexes.map((index) => columnOf(table, keyName(index))))))
    }
    return fill
  }

  async #makeUnique(table: Table, key: KeyColumn, make: () => Promise<void>, call: Call): Promise<void> {
    try {
      await make()
    } catch (error) {
      if (isPorticoError(error) && error.code !== 'DATABASE_FAILED') throw error
      const ids = await this.#alike(table, key, call)
      if (ids.length === 0) throw error
      throw notUnique(table.collection, key.index, ids, error)
    }
  }

  /** The ids of the first records that are alike. */
  async #alike({ name }: Table, { column }: KeyColumn, call: Call): Promise<readonly string[]> {
    const { query, shape } = { query: this.#connection.query.bind(this.#connection), shape: this.#connection.shape.bind(this.#connection) }
    const [twice] = await query<{ readonly key: Uint8Array }>(shape<'limit'>((knex, p) => knex(name).select({ key: column }).whereNotNull(column).groupBy(column).havingRaw('count(*) > 1').limit(p.limit('limit')))({ limit: 1 }), call, { long: true })
    if (!twice) return []
    const rows = await query<{ readonly id: string }>(shape<'key' | 'limit'>((knex, p) => knex(name).select('id').where(column, p.value('key')).orderBy('id').limit(p.limit('limit')))({ key: twice.key, limit: toldIds }), call, { long: true })
    return rows.map(({ id }) => id)
  }
}
