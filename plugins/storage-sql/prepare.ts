import type { Knex } from 'knex'
import type { Call, Log } from '../../kernel/plugin.ts'
import { isPorticoError } from '../../kernel/plugin.ts'
import type { IndexDefinition, SqlConnection } from '../../kernel/ports/sql/index.ts'
import { keysOf, storageError, toCandidate, writeOrderPath } from '../../kernel/ports/storage/index.ts'
import { toRow } from './driver.ts'
import { rowColumns, type SqlRow } from './statements.ts'
import { documentColumns, indexNameOf, isKeyColumn, type KeyColumn, type Table } from './table.ts'

interface PrepareParts {
  readonly connection: SqlConnection
  readonly tables: readonly Table[]
  readonly log: Log
  readonly signal: AbortSignal
}

type Found = NonNullable<Awaited<ReturnType<SqlConnection['table']>>>

const batchRows = 200

/**
 * Makes what is missing of the tables, and fills the keys of indexes that are new; where nothing is, it only looks.
 * @throws STORAGE_TABLE_FOREIGN for another program's table of that name.
 */
export async function prepareTables({ connection, tables, log, signal }: PrepareParts): Promise<void> {
  const call: Call = { signal, remainingMs: () => 600_000, traceId: 'storage-tables', text: false, degrade: () => undefined }
  for (const table of tables) {
    if (isWhole(table, await connection.table(table.name, call))) continue
    // Two replicas that start at once must not both make it.
    await connection.lock(table.name, call, () => complete(connection, table, log, call))
  }
}

function isWhole(table: Table, found: Found | undefined): boolean {
  return found !== undefined && foreignColumns(found).length === 0 && unfilled(table, found).length === 0 && abandoned(table, found).length === 0 && found.indexes.includes(table.expiryIndex)
}

/** An index is made after its keys are filled, so its being there says that they are. */
function unfilled(table: Table, found: Found): readonly KeyColumn[] {
  return table.keys.filter((key) => !found.columns.includes(key.column) || !found.indexes.includes(key.indexName))
}

/** Indexes that the manifest no longer has: nobody writes their keys any more. */
function abandoned(table: Table, found: Found): readonly string[] {
  const declared = new Set(table.keys.map((key) => key.column))
  return found.columns.filter((column) => isKeyColumn(column) && !declared.has(column)).map((column) => indexNameOf(table.name, column)).filter((name) => found.indexes.includes(name))
}

function foreignColumns(found: Found): readonly string[] {
  return documentColumns.filter((column) => !found.columns.includes(column))
}

async function complete(connection: SqlConnection, table: Table, log: Log, call: Call): Promise<void> {
  const found = await connection.table(table.name, call)
  if (!found) {
    await connection.define((knex) => createTable(knex, connection, table), call)
    await connection.define((knex) => [expiryIndex(table), ...table.keys.map((key) => keyIndex(table, key))].flatMap((index) => connection.dialect.createIndex(knex, index)), call)
    return
  }
  const missing = foreignColumns(found)
  if (missing.length > 0) throw storageError('STORAGE_TABLE_FOREIGN', { table: table.name, missing: missing.join(', ') })

  // With its SQL index gone, an index that is declared again one day is filled again; its column is left alone.
  const dropped = abandoned(table, found)
  if (dropped.length > 0) await connection.define((knex) => dropped.map((name) => knex.schema.alterTable(table.name, (built) => void built.dropIndex([], name))), call)
  if (!found.indexes.includes(table.expiryIndex)) await connection.define((knex) => connection.dialect.createIndex(knex, expiryIndex(table)), call)

  const keys = unfilled(table, found)
  if (keys.length > 0) await fill(connection, table, keys, found, log, call)
}

async function fill(connection: SqlConnection, table: Table, keys: readonly KeyColumn[], found: Found, log: Log, call: Call): Promise<void> {
  const added = keys.filter((key) => !found.columns.includes(key.column))
  if (added.length > 0) {
    await connection.define((knex) => knex.schema.alterTable(table.name, (built) => {
      for (const { column } of added) built.specificType(column, connection.dialect.types.key)
    }), call)
  }
  // An expired row is not there: it must not break what is unique.
  await connection.execute([connection.shape((knex, p) => knex(table.name).where('expires_at', '<=', p.now).delete())({})], call)
  const rows = await fillKeys(connection, table, keys, call)
  for (const key of keys) {
    try {
      await connection.define((knex) => connection.dialect.createIndex(knex, keyIndex(table, key)), call)
    } catch (error) {
      if (!key.index.unique || (isPorticoError(error) && error.code !== 'DATABASE_FAILED')) throw error
      throw storageError('STORAGE_INDEX_NOT_FILLED', { collection: table.collection.name, id: '', paths: pathsOf(key), reason: 'holds the same values twice; make them differ, then start again' }, { cause: error })
    }
  }
  log.info({ collection: table.collection.name, indexes: keys.map(pathsOf), rows }, 'indexes filled')
}

/** Writes the keys of every row, in batches by id; run again after a crash, it does no harm. */
async function fillKeys(connection: SqlConnection, table: Table, keys: readonly KeyColumn[], call: Call): Promise<number> {
  const page = connection.shape<'id' | 'limit'>((knex, p) => knex(table.name)
    .select(rowColumns(connection, knex))
    .where('id', '>', p.value('id')).orderBy('id').limit(p.limit('limit')))
  const write = connection.shape<string>((knex, p) => knex(table.name)
    .where('id', p.value('id')).where('version', p.value('version'))
    .update(Object.fromEntries(keys.map(({ column }) => [column, p.value(column)]))))

  let filled = 0
  for (let last = ''; ; ) {
    const rows = await connection.query<SqlRow>(page({ id: last, limit: batchRows }), call)
    const steps = rows.map((row) => {
      const values = keysOfRow(table, row)
      return write({ id: row.id, version: row.version, ...Object.fromEntries(keys.map(({ column, index }) => [column, values[index.at] ?? null])) })
    })
    await connection.execute(steps, call)
    filled += rows.length
    const end = rows.at(-1)
    if (!end || rows.length < batchRows) return filled
    last = end.id
  }
}

function keysOfRow(table: Table, row: SqlRow): readonly (Uint8Array | null)[] {
  try {
    return keysOf(table.collection, toCandidate(toRow(row)))
  } catch (error) {
    if (!isPorticoError(error)) throw error
    throw storageError('STORAGE_INDEX_NOT_FILLED', { collection: table.collection.name, id: row.id, paths: table.keys.map(pathsOf).join('], ['), reason: `cannot be indexed: ${error.message}` }, { cause: error })
  }
}

function pathsOf({ index }: KeyColumn): string {
  return index.paths.map(writeOrderPath).join(', ')
}

function createTable(knex: Knex, { dialect }: SqlConnection, table: Table): Knex.SchemaBuilder {
  const { types } = dialect
  return knex.schema.createTable(table.name, (built) => {
    built.specificType('id', types.name).notNullable().primary()
    built.specificType('value', types.document).notNullable()
    built.specificType('version', types.name).notNullable()
    built.specificType('created_at', types.integer).notNullable()
    built.specificType('updated_at', types.integer).notNullable()
    built.specificType('expires_at', types.integer)
    for (const { column } of table.keys) built.specificType(column, types.key)
  })
}

function expiryIndex({ name, expiryIndex }: Table): IndexDefinition {
  return { table: name, name: expiryIndex, columns: ['expires_at'], unique: false, partial: true }
}

function keyIndex({ name }: Table, { column, indexName, index }: KeyColumn): IndexDefinition {
  return { table: name, name: indexName, columns: [column], unique: index.unique }
}
