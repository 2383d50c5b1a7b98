import type { Knex } from 'knex'
import type { Definition, Dialect, IndexDefinition } from '../../kernel/ports/sql/index.ts'
import { keyName, type KeyFilling, type StructureChange } from '../../kernel/ports/storage/index.ts'
import { indexNameOf, type KeyColumn, type Table } from './table.ts'

/** What is defined for a change of one table. */
export function definitionOf(dialect: Dialect, table: Table, change: Exclude<StructureChange, KeyFilling | { readonly do: 'drop-place' }>): Definition {
  switch (change.do) {
    case 'make-place': return (knex) => [createTable(knex, dialect, table), ...[expiryIndex(table), ...table.keys.map((key) => keyIndex(table, key))].flatMap((index) => dialect.createIndex(knex, { ...index, fresh: true }))]
    case 'make-expiry-index': return (knex) => dialect.createIndex(knex, expiryIndex(table))
    case 'add-keys': return (knex) => change.indexes.map((index) => knex.schema.alterTable(table.name, (built) => void built.specificType(keyName(index), dialect.types.key)))
    case 'make-index': return (knex) => dialect.createIndex(knex, keyIndex(table, columnOf(table, keyName(change.index))))
    case 'drop-index': return (knex) => knex.schema.alterTable(table.name, (built) => void built.dropIndex([], indexNameOf(table.name, change.key)))
    // knex would copy the whole table of SQLite.
    case 'drop-keys': return (knex) => change.keys.map((key) => knex.raw('alter table ?? drop column ??', [table.name, key]))
  }
}

export function columnOf(table: Table, key: string): KeyColumn {
  const found = table.keys.find(({ column }) => column === key)
  if (!found) throw new RangeError(`${table.name} has no key ${key}`)
  return found
}

function createTable(knex: Knex, { types }: Dialect, table: Table): Knex.SchemaBuilder {
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
