import type { Knex } from 'knex'
import type { Json } from '../../kernel/plugin.ts'
import type { Dialect, SqlValue } from '../../kernel/ports/sql/index.ts'

/** How one kind of value stands in one column. */
export interface Codec {
  /** What reads the column. */
  select(knex: Knex, dialect: Dialect, column: string): Knex.Raw
  /** The value of what was read; NULL never comes here. @throws Unreadable */
  read(raw: unknown): Json
  write(value: Json): Written
  /** JSON's null is one of its values, and not the column's NULL. */
  readonly keepsNull?: true
  /** What a column holds that equals the value, if any can: for a condition that lets all equal rows through. Undefined where no condition is safe. */
  equal?(value: Json): SqlValue | undefined
  /** A parameter as the column can be compared with; itself unless set. */
  compared?(knex: Knex, dialect: Dialect, value: Knex.Raw): Knex.Raw
  /** No two values of the column are equal but one to itself: it has no collation. */
  readonly exact?: true
  /** Of a column in the same order as its values: the one that stands there for this value. */
  ordered?(value: Json): SqlValue | undefined
  /** Of whole numbers: which there can be, where a condition on their order is safe. */
  readonly bounds?: { readonly min: bigint; readonly max: bigint }
}

/** What goes into the column, or why nothing that would come back as it was. */
export type Written = { readonly param: SqlValue } | { readonly unfit: string }

/** What stands in a column is no value of the field. */
export class Unreadable extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Unreadable'
  }
}

export const plain = (knex: Knex, _: Dialect, column: string): Knex.Raw => knex.raw('??', [column])
export const asText = (knex: Knex, dialect: Dialect, column: string): Knex.Raw => dialect.plainText(knex, column)

/** Whole numbers are compared and kept as such, however large. */
export function integerParam(value: bigint): SqlValue {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** The whole number that a text is in its only form; undefined when it is none. */
export function wholeNumber(text: unknown): bigint | undefined {
  return typeof text === 'string' && text.length <= 40 && /^(?:0|-?[1-9]\d*)$/.test(text) ? BigInt(text) : undefined
}
