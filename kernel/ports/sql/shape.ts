import type { Knex } from 'knex'
import type { Clock } from '../../clock.ts'
import type { Params, Shape, SqlValue } from './driver.ts'

/** How a connection compiles. */
export interface Compiler {
  /** knex for this dialect, without a connection; asked at the first compile, so that a start need not load it. */
  knex(): Knex
  /** The backend's time in ms as an expression; absent: the kernel's clock, as a parameter, read at each call. */
  now?(knex: Knex): Knex.Raw
  readonly clock: Clock
}

type Build<N extends string> = (knex: Knex, p: Params<N>) => Knex.QueryBuilder | Knex.Raw

/** Stands in knex's bindings where a value goes; knex takes it for an ordinary value and leaves it where it belongs. */
class Placeholder {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

const clockPlaceholder = new Placeholder('now')

/** knex admits only whole numbers as a limit, so a limit's placeholder is one, high where no real limit is. */
const firstLimit = 2 ** 52

interface Compiled {
  readonly sql: string
  /** In the statement's order: a placeholder, or a constant that the shape itself has. */
  readonly slots: readonly (Placeholder | SqlValue)[]
}

/**
 * Makes a statement of a connection: `build` runs at the first call, once, and must be pure.
 * @throws TypeError for a value that is missing or a constant that is no SqlValue (true is 1, a Date is its ms).
 */
export function makeShape<N extends string>(compiler: Compiler, build: Build<N>): Shape<N> {
  let compiled: Compiled | undefined

  return (values) => {
    compiled ??= compile(compiler, build)

    const { sql, slots } = compiled
    const params = new Array<SqlValue>(slots.length)
    for (let at = 0; at < slots.length; at++) {
      const slot = slots[at]
      params[at] = slot instanceof Placeholder ? valueOf(slot, values, compiler.clock) : (slot as SqlValue)
    }
    return { sql, params }
  }
}

function valueOf(slot: Placeholder, values: Readonly<Record<string, SqlValue>>, clock: Clock): SqlValue {
  if (slot === clockPlaceholder) return clock.now()
  const value = values[slot.name]
  if (value === undefined) throw new TypeError(`the statement needs a value ${slot.name}`)
  return value
}

function compile<N extends string>(compiler: Compiler, build: Build<N>): Compiled {
  const knex = compiler.knex()
  const limits: string[] = []
  // knex's types name the values that drivers take; a placeholder is none, and knex hands it through unseen.
  const placeholder = (slot: Placeholder) => knex.raw('?', [slot as unknown as Knex.Value])

  const params: Params<N> = {
    value: (name) => placeholder(new Placeholder(name)),
    limit: (name) => firstLimit + limits.push(name) - 1,
    now: compiler.now?.(knex) ?? placeholder(clockPlaceholder),
  }
  const query = build(knex, params).toSQL()

  const slots = query.bindings.map((binding: unknown) => {
    const limit = typeof binding === 'number' && binding >= firstLimit ? limits[binding - firstLimit] : undefined
    return limit === undefined ? checkedSlot(binding, query.sql) : new Placeholder(limit)
  })
  return { sql: query.toNative().sql, slots }
}

function checkedSlot(binding: unknown, sql: string): Placeholder | SqlValue {
  if (binding instanceof Placeholder || binding === null || binding instanceof Uint8Array) return binding
  if (typeof binding === 'string' || typeof binding === 'number' || typeof binding === 'bigint') return binding
  throw new TypeError(`a constant of type ${typeof binding} in a statement: ${sql}`)
}

/** The statements of a structure change, in order, with their constants written in: DDL takes no parameters. */
export function ddlStatements(knex: Knex, built: Knex.SchemaBuilder | Knex.Raw | readonly (Knex.SchemaBuilder | Knex.Raw)[]): string[] {
  const builders = Array.isArray(built) ? (built as readonly (Knex.SchemaBuilder | Knex.Raw)[]) : [built as Knex.SchemaBuilder | Knex.Raw]
  return builders
    // knex types this as one query; of a schema builder it is a list of statements.
    .flatMap((builder) => builder.toSQL() as unknown as DdlStatement | DdlStatement[])
    .map(({ sql, bindings }) => (bindings?.length ? knex.raw(sql, bindings).toQuery() : sql))
}

interface DdlStatement {
  readonly sql: string
  readonly bindings?: Knex.Value[]
}
