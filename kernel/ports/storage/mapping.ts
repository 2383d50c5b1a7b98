import type { KeyFault } from '../definition.ts'
import { badText } from '../text.ts'
import { limits } from './limits.ts'
import type { FieldType, MappingKeys } from './mapping-keys.ts'
import { parsePath, type Path } from './path.ts'
import { documentNames, type Names } from './query.ts'

/** How the documents of a collection stand in a table that other programs own. */
export interface TableMapping {
  readonly table: string
  readonly id: string
  readonly version: { readonly column: string; readonly from?: 1 }
  /** None stands inside another. */
  readonly fields: readonly MappedField[]
  readonly createdAt?: string
  readonly updatedAt?: string
  /** The names of indexes that the table has. */
  readonly indexes: readonly string[]
}

export interface MappedField {
  readonly path: Path
  readonly column: string
  /** Undefined: what follows from the column. */
  readonly type?: FieldType
}

interface Declared extends MappingKeys {
  readonly indexes?: readonly (string | readonly string[])[]
  readonly unique?: readonly (readonly string[])[]
}

const needed = ['id', 'version', 'columns'] as const
const ofMapping = [...needed, 'createdAt', 'updatedAt'] as const

/** Undefined for a collection without a `table`. */
export function mappingOf(given: Declared): TableMapping | undefined {
  const { table, id, version, columns, createdAt, updatedAt, indexes = [] } = given
  if (table === undefined || id === undefined || version === undefined || columns === undefined) return undefined
  return {
    table, id, version: typeof version === 'string' ? { column: version } : version,
    fields: Object.entries(columns).flatMap(([name, field]): MappedField[] => {
      const path = parsePath(name)
      return path ? [{ path, ...(typeof field === 'string' ? { column: field } : field) }] : []
    }),
    ...(createdAt !== undefined && { createdAt }), ...(updatedAt !== undefined && { updatedAt }),
    indexes: indexes.filter((name) => typeof name === 'string'),
  }
}

/** What is wrong with how collections are mapped, beyond what their schema says; paths below the collections. */
export function faultsOfMappings(collections: Readonly<Record<string, Declared>>): readonly KeyFault[] {
  return Object.entries(collections).flatMap(([name, given]) => (given.table === undefined ? faultsOfOwn(given) : faultsOfMapped(given)).map((fault) => ({ ...fault, path: ['collections', name, ...fault.path] })))
}

function faultsOfOwn(given: Declared): readonly KeyFault[] {
  return [
    ...ofMapping.filter((key) => given[key] !== undefined).map((key) => ({ path: [key], on: 'key' as const, message: 'belongs to a collection that has a `table`; name the table, or remove this' })),
    ...(given.indexes ?? []).flatMap((index, at) => (typeof index === 'string' ? [{ path: ['indexes', String(at)], message: 'must be a list of paths; only a collection with a `table` names indexes' }] : [])),
  ]
}

function faultsOfMapped(given: Declared): readonly KeyFault[] {
  const missing = needed.filter((key) => given[key] === undefined)
  return [
    ...(missing.length > 0 ? [{ path: ['table'], message: `a table is mapped by \`id\`, \`version\` and \`columns\`; add ${missing.join(' and ')}` }] : []),
    ...(given.unique === undefined ? [] : [{ path: ['unique'], on: 'key' as const, message: 'is for collections that Portico keeps itself; the table\'s own unique indexes hold here' }]),
    ...(given.indexes ?? []).flatMap((index, at) => (typeof index === 'string' ? [] : [{ path: ['indexes', String(at)], message: 'must be the name of an index that the table has: Portico adds none to a table of others' }])),
    ...Object.keys(given.columns ?? {}).flatMap((name, _, names) => faultOfPath(name, names)),
    ...doubled(given),
    ...partsOf(given).flatMap(({ path, column }) => (isName(column) ? [] : [{ path, message: 'is no name that can be quoted: a column\'s has no dot, *, ?, quote, backslash or " as " in it, is 64 characters at most, and not __proto__' }])),
    ...(given.table === undefined || (given.table.split('.').length < 3 && given.table.split('.').every(isName)) ? [] : [{ path: ['table'], message: 'is no name that can be quoted: it is `table` or `schema.table`, without *, ?, quotes, backslashes and " as "' }]),
  ]
}

/** As knex quotes it: it reads a dot as the end of a schema's name, `*` as all columns, and ` as ` as another name; what it is given under `__proto__` it loses. */
function isName(name: string): boolean {
  return name !== '__proto__' && /^(?!.*\sas\s)[^.?*"'`\\\p{Cc}]{1,64}$/iu.test(name)
}

function faultOfPath(name: string, names: readonly string[]): readonly KeyFault[] {
  const path = parsePath(name)
  const told = (message: string): readonly KeyFault[] => [{ path: ['columns', name], on: 'key', message }]
  if (!path || path.own || badText(name) || name.startsWith('-') || path.segments.includes('')) return told('is no path of a document: no part of it is empty, or begins with $ or -')
  if (path.segments.length > limits.depth) return told(`is more than ${limits.depth} levels deep`)
  const outer = names.find((other) => name.startsWith(`${other}.`))
  return outer === undefined ? [] : told(`stands inside "${outer}", which has a column of its own`)
}

/** A column that two parts of a record would write. */
function doubled(given: Declared): readonly KeyFault[] {
  return partsOf(given).flatMap(({ path, column }, at, parts) => {
    const earlier = parts.slice(0, at).find((other) => other.column === column)
    return earlier ? [{ path, message: `the column ${column} is that of ${earlier.path.join('.')} already` }] : []
  })
}

/** Every column that is named, with where. */
function partsOf({ id, version, columns, createdAt, updatedAt }: Declared): readonly { readonly path: readonly string[]; readonly column: string }[] {
  const own = Object.entries({ id, version, createdAt, updatedAt }).map(([name, given]) => [[name], given] as const)
  const fields = Object.entries(columns ?? {}).map(([name, given]) => [['columns', name], given] as const)
  return [...own, ...fields].flatMap(([path, given]) => (given === undefined ? [] : [{ path, column: typeof given === 'object' ? given.column : given }]))
}

/** What the names of a query mean in a collection: a mapped one has only those times that its table keeps. */
export function namesIn({ name: collection, mapping }: { readonly name: string; readonly mapping?: TableMapping | undefined }): Names {
  if (!mapping) return documentNames
  const isUnknown = (own: Path['own']) => (own === 'createdAt' || own === 'updatedAt') && mapping[own] === undefined
  return {
    read(name) {
      const path = documentNames.read(name)
      return isUnknown(path?.own) ? undefined : path
    },
    unknown: (name) => (isUnknown(documentNames.read(name)?.own) ? `is not known of ${collection}: its table ${mapping.table} has no column for it; name one under ${name.slice(1)}` : documentNames.unknown(name)),
  }
}
