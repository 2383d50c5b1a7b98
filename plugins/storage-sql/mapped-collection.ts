import type { Call, Clock, FieldError } from '../../kernel/plugin.ts'
import type { SqlConnection, SqlStep, SqlValue } from '../../kernel/ports/sql/index.ts'
import { type Entry, type MappedTable, type PathFilter, type Range, type Row, type RowsRange, storageError } from '../../kernel/ports/storage/index.ts'
import { integerParam, Unreadable, wholeNumber } from './mapped-codec.ts'
import { termsOf } from './mapped-conditions.ts'
import { documentOf, valuesOf } from './mapped-document.ts'
import type { Layout } from './mapped-layout.ts'
import { idOf, timeIn, versionOf } from './mapped-row.ts'
import { type MappedSqlRow, MappedStatements } from './mapped-statements.ts'
import { idsAtOnce } from './statements.ts'

/** Beyond so many rows a scan is said to be long. */
const longRows = 64

const aSecondUs = 1_000_000n

/** A collection on a table that other programs own. */
export class MappedCollection implements MappedTable {
  readonly #connection: SqlConnection
  readonly #layout: Layout
  readonly #statements: MappedStatements
  readonly #clock: Pick<Clock, 'now'>
  /** The largest that was given near the present time. */
  #lastVersion = 0n

  constructor(connection: SqlConnection, layout: Layout, clock: Pick<Clock, 'now'>) {
    this.#connection = connection
    this.#layout = layout
    this.#clock = clock
    this.#statements = new MappedStatements(connection, layout)
  }

  get ordersIds(): boolean {
    return this.#layout.ordersIds
  }

  narrows(conditions: readonly PathFilter[]): boolean {
    return termsOf(this.#layout, conditions).length > 0
  }

  pathsOf(index: string | undefined): string {
    const { allIndexes, mapping } = this.#layout
    const columns = allIndexes.find(({ name, primary }) => name === index || (primary && index === 'primary'))?.columns
    const path = (column: string | undefined) => (column === mapping.id ? '$id' : (mapping.fields.find((field) => field.column === column)?.path.name ?? column ?? 'an expression'))
    return columns ? columns.map(path).join(', ') : `values of the index ${index ?? ''}`.trim()
  }

  fit(row: Row, current: Row | null): Row | { readonly unmapped: readonly FieldError[] } {
    const { mapping, id, times } = this.#layout
    const written = id.write(row.id)
    const version = this.#nextVersion(row, current)
    const values = valuesOf(this.#layout, JSON.parse(row.text) as Parameters<typeof valuesOf>[1])
    const unmapped = [
      ...('unfit' in written ? [{ path: '/id', message: `${written.unfit}, as the column ${mapping.id} has it` }] : []),
      ...(version === undefined ? [{ path: '/id', message: `cannot be changed any more: its version, in ${mapping.version.column}, is the last one that the column holds` }] : []),
      ...('unmapped' in values ? values.unmapped : []),
    ]
    if (unmapped.length > 0 || version === undefined) return { unmapped }
    return {
      ...row, version,
      createdAtMs: times.createdAt ? (current?.createdAtMs ?? times.createdAt.form.kept(row.createdAtMs)) : 0,
      updatedAtMs: times.updatedAt ? times.updatedAt.form.kept(row.updatedAtMs) : 0,
    }
  }

  async read(ids: readonly string[], call: Call): Promise<readonly (Row | undefined)[]> {
    const wanted = ids.flatMap((id) => this.#idParam(id) ?? [])
    const [only] = wanted
    const found = new Map<string, Row>()
    const add = (row: MappedSqlRow) => {
      const read = this.#row(row)
      found.set(read.id, read)
    }
    if (only !== undefined && wanted.length === 1) {
      const row = await this.#connection.queryOne<MappedSqlRow>(this.#statements.one({ id: only }), call)
      if (row) add(row)
    } else {
      const most = idsAtOnce.at(-1) ?? 1
      for (let at = 0; at < wanted.length; at += most) {
        for (const row of await this.#connection.query<MappedSqlRow>(this.#statements.many(wanted.slice(at, at + most)), call)) add(row)
      }
    }
    // By the very text: a collation finds rows of other ids too.
    return ids.map((id) => found.get(id))
  }

  async scan(range: Range | RowsRange, limit: number, call: Call): Promise<readonly Row[]> {
    const rows = await this.#connection.query<MappedSqlRow>(this.#rows(range, limit), call, { long: limit > longRows })
    return rows.map((row) => this.#row(row))
  }

  async count(range: Range | RowsRange, call: Call): Promise<number> {
    const statement = range.by === 'id' ? this.#statements.byId(range, 'count') : this.#statements.count()
    const [row] = await this.#connection.query<{ readonly count: number | string }>(statement, call, { long: true })
    return Number(row?.count ?? 0)
  }

  steps({ id, when, write }: Entry): readonly SqlStep[] {
    const statements = this.#statements
    const at = { id: this.#idParam(id) ?? null }
    if (when === 'absent') {
      if (write) return [{ ...statements.insert(this.#params(write)), expect: 1, byKey: true }]
      // No row of one's own is put into another's table to hold the place.
      return [{ ...statements.touchAny(at), expect: 0, byKey: true }]
    }
    if (when === 'present') {
      if (write) throw new RangeError('a record is replaced at the version that it was seen at')
      return [{ ...(write === null ? statements.deleteAny(at) : statements.touchAny(at)), expect: 1, byKey: true }]
    }
    const seen = { ...at, seen: this.#versionParam(when.version) }
    const statement = write ? statements.update({ ...this.#params(write), ...seen }) : write === null ? statements.delete(seen) : statements.touch(seen)
    return [{ ...statement, expect: 1, byKey: true }]
  }

  #rows(range: Range | RowsRange, limit: number) {
    if (range.by === 'id') return this.#statements.byId(range, limit)
    if (range.by !== 'rows') throw new RangeError(`${this.#layout.mapping.table} has no index of Portico's`)
    const after = range.after === undefined ? undefined : this.#idParam(range.after)
    if (range.after !== undefined && after === undefined) throw storageError('STORAGE_BAD_CURSOR', { collection: this.#layout.collection.name })
    return this.#statements.rows({ terms: termsOf(this.#layout, range.conditions), ...(after !== undefined && { after }) }, limit)
  }

  #idParam(id: string): SqlValue | undefined {
    const written = this.#layout.id.write(id)
    return 'param' in written ? written.param : undefined
  }

  /** What no column of whole numbers holds is the version of no row. */
  #versionParam(version: string): SqlValue {
    const { version: form } = this.#layout
    if (form.is === 'text') return version
    const number = wholeNumber(version)
    return number !== undefined && number <= form.max && number >= -form.max ? integerParam(number) : null
  }

  /**
   * Counted up from the row's own. A new row begins at the time in microseconds, beyond all that was counted here meanwhile, so
   * that no version comes back with an id that was taken away and added again; undefined at the column's end.
   */
  #nextVersion(row: Row, current: Row | null): string | undefined {
    const { version, mapping } = this.#layout
    if (version.is === 'text') return row.version
    if (!current && mapping.version.from !== undefined) return String(mapping.version.from)

    // The clock's milliseconds alone would be the same in two replicas now and then.
    const nowUs = BigInt(Math.floor((Math.floor(this.#clock.now()) + (performance.now() % 1)) * 1_000))
    const next = current ? BigInt(current.version) + 1n : later(nowUs, this.#lastVersion + 1n)
    // What others count in ways of their own is left aside.
    if (next < nowUs + aSecondUs) this.#lastVersion = later(next, this.#lastVersion)
    return next > version.max ? undefined : String(next)
  }

  #params(row: Row): Record<string, SqlValue> {
    const { mapping, times } = this.#layout
    const values = valuesOf(this.#layout, JSON.parse(row.text) as Parameters<typeof valuesOf>[1])
    if ('unmapped' in values) throw new RangeError(`a row of ${mapping.table} was staged that does not fit`)
    return {
      id: this.#idParam(row.id) ?? null, version: this.#versionParam(row.version), ...(times.createdAt && { createdAt: times.createdAt.form.write(row.createdAtMs) }), ...(times.updatedAt && { updatedAt: times.updatedAt.form.write(row.updatedAtMs) }),
      ...Object.fromEntries(values.params.map((value, at) => [`c${at}`, value])),
    }
  }

  /** @throws STORAGE_ROW_UNMAPPED */
  #row(row: MappedSqlRow): Row {
    const { mapping, collection, fields, times } = this.#layout
    try {
      const text = JSON.stringify(documentOf(this.#layout, fields.map((_, at) => row[`c${at}`])))
      if (Buffer.byteLength(text) > collection.maxBytes) throw new Unreadable(`it is larger than the ${collection.maxBytes} bytes that a document may have`)
      return {
        id: idOf(this.#layout, row.id), version: versionOf(this.#layout, row.version), text,
        createdAtMs: timeIn(times.createdAt, row.created), updatedAtMs: timeIn(times.updatedAt, row.updated), expiresAtMs: null,
      }
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      throw storageError('STORAGE_ROW_UNMAPPED', { collection: collection.name, table: mapping.table, id: String(row.id).slice(0, 255), reason: error.message }, { cause: error })
    }
  }
}

function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
