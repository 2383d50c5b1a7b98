import type { Call, Clock, Log } from '../../kernel/plugin.ts'
import type { SqlColumn, SqlConnection } from '../../kernel/ports/sql/index.ts'
import { type Collection, storageError, type TableMapping } from '../../kernel/ports/storage/index.ts'
import { MappedCollection } from './mapped-collection.ts'
import { layOut } from './mapped-checks.ts'

interface MapParts {
  readonly connection: SqlConnection
  readonly collections: readonly Collection[]
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
  readonly signal: AbortSignal
}

/**
 * Meets each mapping with its table. It only looks: tables of others are never changed.
 * @throws STORAGE_TABLE_UNMAPPED with all that does not fit, a line each.
 */
export async function mapTables({ connection, collections, clock, log, signal }: MapParts): Promise<ReadonlyMap<string, MappedCollection>> {
  const call: Call = { signal, remainingMs: () => 60_000, traceId: 'storage-mappings', text: false, degrade: () => undefined }
  const mapped = new Map<string, MappedCollection>()
  const problems: string[] = []
  for (const collection of collections) {
    const { mapping, name } = collection
    if (!mapping) continue
    const structure = await connection.describe(mapping.table, call)
    if (!structure) {
      problems.push(`${name}: there is no table ${mapping.table}, or this user may not see it; name another under \`table\``)
      continue
    }
    const met = layOut(collection, mapping, structure, connection.dialect)
    if ('problems' in met) problems.push(...met.problems.map((problem) => `${name}: ${mapping.table} ${problem}`))
    else mapped.set(name, new MappedCollection(connection, met, clock))

    const unfilled = unfilledColumns(structure.columns, mapping)
    if (unfilled.length > 0) log.warn({ collection: name, table: mapping.table, columns: unfilled }, 'no record can be added where nothing fills these columns: they are NOT NULL, have no default, and are not mapped')
  }
  if (problems.length > 0) throw storageError('STORAGE_TABLE_UNMAPPED', { problems: problems.join('\n') })
  return mapped
}

function unfilledColumns(columns: readonly SqlColumn[], { id, version, createdAt, updatedAt, fields }: TableMapping): readonly string[] {
  const written = new Set([id, version.column, createdAt, updatedAt, ...fields.map((field) => field.column)])
  return columns.filter(({ name, nullable, filled, generated }) => !nullable && !filled && !generated && !written.has(name)).map(({ name }) => name)
}
