import type { Json } from '../../kernel/plugin.ts'
import type { ColumnKind, Dialect, SqlValue } from '../../kernel/ports/sql/index.ts'
import { asText, type Codec, Unreadable, wholeNumber } from './mapped-codec.ts'
import { mustBe } from './mapped-texts.ts'

type TimeKind = Extract<ColumnKind, { readonly is: 'time' }>

const timePattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{6})Z$/
const datePattern = /^\d{4}-\d\d-\d\d$/

/** What a database takes for an instant. */
type Param = Dialect['timeParam']

/**
 * Instants as texts: with milliseconds, or with microseconds where the column keeps more than those. So each text is as long as
 * another, and their order is that of the instants.
 */
export function timestampCodec({ fraction }: TimeKind, param: Param): Codec {
  const digits = fraction > 3 ? 6 : 3
  const inForm = (value: Json): value is string => typeof value === 'string' && value.length === 21 + digits && isTime(`${value.slice(0, -1).padEnd(26, '0')}Z`)
  const kept = (text: string) => /^0*$/.test(text.slice(20 + fraction, -1))
  const ordered = (value: Json) => (inForm(value) ? param(value) : undefined)
  return {
    select: (knex, dialect, column) => dialect.timeText(knex, column, 'time'),
    read(raw) {
      if (typeof raw !== 'string' || !isTime(raw)) throw new Unreadable(`holds ${String(raw).slice(0, 60)}, which is no time of a year with four digits`)
      return digits === 6 ? raw : `${raw.slice(0, 23)}Z`
    },
    write(value) {
      const form = `a UTC time such as 2026-11-25T17:26:24.${'0'.repeat(digits)}Z`
      if (!inForm(value)) return mustBe(form)
      return kept(value) ? { param: param(value) } : mustBe(`${form}, with ${fraction} digits after the second that are not 0: the column keeps no more`)
    },
    equal: ordered, ordered,
  }
}

export function dateCodec(): Codec {
  const isDate = (value: unknown): value is string => typeof value === 'string' && datePattern.test(value) && isTime(`${value}T00:00:00.000000Z`)
  const ordered = (value: Json) => (isDate(value) ? value : undefined)
  return {
    select: (knex, dialect, column) => dialect.timeText(knex, column, 'date'),
    read(raw) {
      if (!isDate(raw)) throw new Unreadable(`holds ${String(raw).slice(0, 60)}, which is no date of a year with four digits`)
      return raw
    },
    write: (value) => (isDate(value) ? { param: value } : mustBe('a date such as 2026-11-25')),
    equal: ordered, ordered,
  }
}

function isTime(text: string): boolean {
  const seconds = timePattern.exec(text)?.[1]
  // There was no year 0.
  if (seconds === undefined || seconds.startsWith('0000')) return false
  const ms = Date.parse(`${seconds}.000Z`)
  // `Date.parse` takes the 30th of February for a day of March.
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(seconds)
}

/** How a record's own time stands in its column. */
export interface TimeForm {
  readonly select: Codec['select']
  /** In milliseconds. @throws Unreadable */
  read(raw: unknown): number
  /** The time as the column keeps it. */
  kept(ms: number): number
  write(ms: number): SqlValue
  /** A condition that the millisecond begins, or ends. */
  bound(ms: number, end: 'low' | 'high'): SqlValue
}

/** Years of four digits: what a record can show. */
const firstMs = -62_135_596_800_000
const lastMs = 253_402_300_799_999

export const wholeMs: TimeForm = {
  select: asText,
  read(raw) {
    const ms = Number(wholeNumber(raw) ?? Number.NaN)
    if (!(ms >= firstMs && ms <= lastMs)) throw new Unreadable('holds no time in milliseconds')
    return ms
  },
  kept: (ms) => ms,
  write: (ms) => ms,
  bound: (ms) => ms,
}

/** Others may have written more digits than milliseconds: those are left out of what is told. */
export function timeOf(kind: TimeKind, param: Param): TimeForm {
  const codec = timestampCodec(kind, param)
  const step = 10 ** Math.max(0, 3 - kind.fraction)
  const write = (ms: number) => param(`${new Date(Math.min(Math.max(ms, firstMs), lastMs)).toISOString().slice(0, 23)}Z`)
  return {
    select: codec.select,
    read: (raw) => Date.parse(`${(codec.read(raw) as string).slice(0, 23)}Z`),
    kept: (ms) => Math.floor(ms / step) * step,
    write,
    bound: (ms, end) => write(end === 'low' ? ms : ms + 1),
  }
}
