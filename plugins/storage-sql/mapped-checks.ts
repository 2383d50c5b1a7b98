import type { Dialect, SqlColumn, SqlIndex, TableStructure } from '../../kernel/ports/sql/index.ts'
import type { Collection, TableMapping } from '../../kernel/ports/storage/index.ts'
import type { Codec } from './mapped-codec.ts'
import { type LaidField, type LaidTime, type Layout, treeOf, type VersionForm } from './mapped-layout.ts'
import { timeOf, wholeMs } from './mapped-times.ts'
import { codecOf } from './mapped-types.ts'

const longs = 2n ** 63n - 1n
/** As long as Portico's own versions become. */
const versionChars = 20

/** Collects what does not fit, so that all of it is told at once. */
class Checks {
  readonly problems: string[] = []
  readonly #structure: TableStructure
  readonly #dialect: Dialect

  constructor(structure: TableStructure, dialect: Dialect) {
    this.#structure = structure
    this.#dialect = dialect
  }

  refuse(problem: string): undefined {
    this.problems.push(problem)
    return undefined
  }

  column(name: string): SqlColumn | undefined {
    const { columns } = this.#structure
    const found = columns.find((column) => column.name === name)
    if (!found) return this.refuse(`has no column ${name}; it has ${listed(columns.map((column) => column.name))}`)
    return found.generated ? this.refuse(`computes its column ${name} itself, which takes no value; leave it out`) : found
  }

  field(field: TableMapping['fields'][number]): LaidField | undefined {
    const column = this.column(field.column)
    const codec = column && codecOf(field.type, column, this.#dialect)
    if (typeof codec === 'string') return this.refuse(`keeps ${field.path.name} in ${field.column}, which ${codec}`)
    return column && codec && { ...field, codec, nullable: column.nullable }
  }

  id(name: string): { readonly codec: Codec; readonly ordersIds: boolean } | undefined {
    const column = this.column(name)
    if (!column) return undefined
    const codec = ['text', 'uuid', 'integer'].includes(column.kind.is) ? codecOf('string', column, this.#dialect) : undefined
    if (typeof codec !== 'object') return this.refuse(`has ids in ${name}, which is of the type ${column.declared}; an id is text, a UUID or a whole number`)
    const own = this.#structure.indexes.filter(({ columns, unique, partial }) => unique && !partial && columns.length === 1 && columns[0] === name)
    if (!own.some(({ primary }) => primary || !column.nullable)) return this.refuse(`may hold the same ${name} twice, or none: an id is the primary key, or is NOT NULL under a unique index of its own`)
    const isPlain = column.kind.is === 'uuid' || (column.kind.is === 'text' && !column.kind.padded)
    return { codec, ordersIds: isPlain && own.some(({ bytewise }) => bytewise) }
  }

  version({ column: name, from }: TableMapping['version']): VersionForm | undefined {
    const column = this.column(name)
    if (!column) return undefined
    const { kind, declared, nullable } = column
    if (nullable) return this.refuse(`lets the version ${name} be NULL; a version is NOT NULL`)
    if (kind.is === 'integer') {
      if (kind.max >= longs || from !== undefined) return { is: 'integer', max: kind.max > longs ? longs : kind.max }
      return this.refuse(`counts versions in ${name}, of the type ${declared}: that is too small for versions that never come back; take 64 bits, or write version: { column: ${name}, from: 1 }`)
    }
    if (kind.is !== 'text' || from !== undefined) return this.refuse(`has versions in ${name}, which is of the type ${declared}; ${from === undefined ? 'a version is text or a whole number' : 'only a whole number begins at 1'}`)
    return Math.min(kind.maxChars ?? versionChars, kind.maxBytes ?? versionChars) < versionChars ? this.refuse(`has room for versions of ${kind.maxChars} characters in ${name}; they have up to ${versionChars}`) : { is: 'text' }
  }

  /** Undefined where no column keeps it. */
  time(name: string | undefined): LaidTime | undefined {
    const column = name === undefined ? undefined : this.column(name)
    if (!column) return undefined
    const { kind, declared, nullable } = column
    if (kind.is === 'time') return { column: column.name, nullable, form: timeOf(kind, this.#dialect.timeParam) }
    if (kind.is === 'integer' && kind.max >= longs) return { column: column.name, nullable, form: wholeMs }
    return this.refuse(`keeps a time in ${column.name}, which is of the type ${declared}; a time is a timestamp, or milliseconds as a whole number of 64 bits`)
  }

  index(name: string, known: ReadonlySet<string>): SqlIndex | undefined {
    const { indexes } = this.#structure
    const found = indexes.find((index) => index.name === name)
    if (!found) return this.refuse(`has no index ${name}; it has ${listed(indexes.map((index) => index.name)) || 'none'}`)
    const [first] = found.columns
    if (found.partial) return this.refuse(`holds in its index ${name} only some rows, or the beginning of a value: no query can use it; leave it out`)
    return first !== undefined && known.has(first) ? found : this.refuse(`begins its index ${name} with ${first ?? 'an expression'}, which is not mapped: no query can use it; map that column, or leave the index out`)
  }
}

/** The mapping met with the table as it is, or all that does not fit. */
export function layOut(collection: Collection, mapping: TableMapping, structure: TableStructure, dialect: Dialect): Layout | { readonly problems: readonly string[] } {
  const checks = new Checks(structure, dialect)
  const id = checks.id(mapping.id)
  const version = checks.version(mapping.version)
  const fields = mapping.fields.map((field) => checks.field(field)).filter((field) => field !== undefined)
  const times = { createdAt: checks.time(mapping.createdAt), updatedAt: checks.time(mapping.updatedAt) }
  const known = new Set([mapping.id, mapping.createdAt, mapping.updatedAt, ...mapping.fields.map((field) => field.column)].filter((name) => name !== undefined))
  const indexes = mapping.indexes.map((name) => checks.index(name, known))

  if (!id || !version || checks.problems.length > 0) return { problems: checks.problems }
  return {
    collection, mapping, id: id.codec, ordersIds: id.ordersIds, version, times,
    fields, tree: treeOf(fields), indexes: indexes.filter((index) => index !== undefined), allIndexes: structure.indexes,
  }
}

function listed(names: readonly string[]): string {
  return names.length > 30 ? `${names.slice(0, 30).join(', ')} and ${names.length - 30} more` : names.join(', ')
}
