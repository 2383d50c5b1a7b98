import type { FieldError } from '../../errors.ts'
import type { Json, JsonObject } from '../../json.ts'
import type { Collection } from './collections.ts'
import type { MappedTable, Range, Row, RowsRange, StorageDriver } from './driver.ts'
import { storageError } from './errors.ts'
import type { Filter, PathFilter } from './evaluate.ts'
import type { RowsPlan } from './plan.ts'

/** How a mapped collection is read: what of the filter its table may narrow is for the driver to say. */
export function planRows(conjuncts: readonly Filter[]): RowsPlan {
  return { by: 'rows', conditions: conjuncts.filter(isPathFilter), sorted: false, exact: conjuncts.length === 0 }
}

/** All of a collection's rows after an id: in the order of the ids, or in that which a mapped table has. */
export function walkAfter({ mapping }: Collection, after: string | undefined): Range | RowsRange {
  if (mapping) return { by: 'rows', conditions: [], ...(after !== undefined && { after }) }
  return { by: 'id', reverse: false, ...(after !== undefined && { lower: { value: after, open: true } }) }
}

function isPathFilter(filter: Filter): filter is PathFilter {
  return 'path' in filter
}

/**
 * The row as the backend will keep it in place of `current`, or of nothing: a mapped table has versions and times of its own.
 * `at` is where the value stands in the input.
 * @throws STORAGE_VALUE_UNMAPPED for what the table has no place for.
 */
export function fitRow(driver: StorageDriver, collection: Collection, row: Row, current: Row | null, at: '/value' | '/patch' = '/value'): Row {
  const table = tableOf(driver, collection)
  if (!table) return row
  const fitted = table.fit(row, current)
  const errors = [...faultsOfTime(row), ...('unmapped' in fitted ? fitted.unmapped : [])].map(({ path, message }) => ({ path: path.replace(/^\/value/, at), message }))
  const [first] = errors
  if (!first && !('unmapped' in fitted)) return fitted
  throw storageError('STORAGE_VALUE_UNMAPPED', { collection: collection.name, table: collection.mapping?.table ?? '', first: first ? `${shown(first.path)} ${first.message}` : '' }, { errors })
}

/** `/value/customer/email` as `customer.email`, which it is whatever the caller has the value in. */
function shown(path: string): string {
  return path.replace(/^\/(?:value|patch)(?=\/)/, '').slice(1).replaceAll('/', '.')
}

function faultsOfTime({ expiresAtMs }: Row): readonly FieldError[] {
  return expiresAtMs === null ? [] : [{ path: '/ttlMs', message: 'is not kept: no column says when a record expires' }]
}

/** What a patch left of a mapped document: an object whose last field it took has no column of its own, and goes too. */
export function withoutEmptied({ mapping }: Collection, value: JsonObject): JsonObject {
  return mapping ? pruned(value, mapping.fields.map(({ path }) => path.segments)) : value
}

function pruned(value: JsonObject, paths: readonly (readonly string[])[]): JsonObject {
  return Object.fromEntries(Object.entries(value).flatMap(([name, item]): readonly (readonly [string, Json])[] => {
    const below = paths.flatMap(([first, ...rest]) => (first === name && rest.length > 0 ? [rest] : []))
    if (below.length === 0 || typeof item !== 'object' || item === null || Array.isArray(item)) return [[name, item]]
    const left = pruned(item as JsonObject, below)
    return Object.keys(left).length > 0 ? [[name, left]] : []
  }))
}

/** Undefined for a collection that Portico keeps itself. */
export function tableOf(driver: StorageDriver, collection: Collection): MappedTable | undefined {
  if (!collection.mapping) return undefined
  const table = driver.mapped?.(collection.name)
  if (!table) throw new RangeError(`the driver does not map ${collection.name}`)
  return table
}
