import type { Json } from '../../kernel/plugin.ts'
import type { ColumnKind } from '../../kernel/ports/sql/index.ts'
import { badText, findBadText } from '../../kernel/ports/text.ts'
import { asText, type Codec, integerParam, plain, Unreadable, wholeNumber, type Written } from './mapped-codec.ts'

type Kind<K extends ColumnKind['is']> = Extract<ColumnKind, { readonly is: K }>

/** Strings in a column of text. Its collation may take others for equal: such rows come too, and are looked into. */
export function textCodec(kind: Kind<'text'>): Codec {
  const { collation } = kind
  return {
    ...(collation !== undefined && { compared: (knex, dialect, value) => dialect.collated(knex, value, collation) }),
    // A padded column is told without its padding.
    select: kind.padded ? asText : plain,
    read: (raw) => readText(raw),
    write: (value) => (typeof value === 'string' ? writeText(kind, value) : mustBe('a string')),
    equal: (value) => (typeof value === 'string' ? value : undefined),
  }
}

function readText(raw: unknown): string {
  if (typeof raw !== 'string') throw new Unreadable(`holds ${raw instanceof Uint8Array ? 'bytes' : `a ${typeof raw}`} and not a text`)
  const bad = badText(raw)
  if (bad !== undefined) throw new Unreadable(`holds a text that ${bad}`)
  return raw
}

function writeText(kind: Kind<'text'>, text: string): Written {
  if (kind.padded && text.endsWith(' ')) return mustBe('without a space at its end: the column keeps none')
  // A character is one or two code units.
  if (kind.maxChars !== undefined && text.length > kind.maxChars && Array.from(text).length > kind.maxChars) return mustBe(`at most ${kind.maxChars} characters: the column holds no more`)
  if (kind.maxBytes !== undefined && text.length * 3 > kind.maxBytes && Buffer.byteLength(text) > kind.maxBytes) return mustBe(`at most ${kind.maxBytes} bytes of UTF-8: the column holds no more`)
  return { param: text }
}

const canonicalUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export const uuidCodec: Codec = {
  exact: true,
  select: asText,
  read: readText,
  write: (value) => (typeof value === 'string' && canonicalUuid.test(value) ? { param: value } : mustBe('a UUID in lower case')),
  equal: (value) => (typeof value === 'string' && canonicalUuid.test(value) ? value : undefined),
}

export function choiceCodec({ values, orBlank }: Kind<'choice'>): Codec {
  return {
    select: asText,
    read: readText,
    write: (value) => (typeof value === 'string' && values.includes(value) ? { param: value } : mustBe(`one of ${values.slice(0, 20).join(', ')}`)),
    equal: (value) => (typeof value === 'string' && (values.includes(value) || (orBlank && value === '')) ? value : undefined),
  }
}

const longest = 2n ** 63n - 1n

/** Whole numbers told as strings: exact beyond 2^53. */
export function digitsCodec({ min, max }: Kind<'integer'>): Codec {
  const within = (value: Json) => {
    const number = wholeNumber(value)
    return number !== undefined && number >= min && number <= max ? (number <= longest ? integerParam(number) : String(number)) : undefined
  }
  return {
    exact: true,
    // A parameter that is a number is no larger; only MySQL and MariaDB have columns that are.
    ...(max > longest && { compared: (knex, _, value) => knex.raw('cast(? as unsigned)', [value]) }),
    select: asText,
    read(raw) {
      if (wholeNumber(raw) === undefined) throw new Unreadable('holds no whole number')
      return raw as string
    },
    write(value) {
      const param = within(value)
      return param === undefined ? mustBe(`a whole number from ${min} to ${max}, as a string of digits`) : { param }
    },
    equal: within,
  }
}

/** Any JSON, in a column of the database's own JSON or of text. */
export function jsonCodec(kind: ColumnKind): Codec {
  return {
    keepsNull: true,
    select: (knex, dialect, column) => dialect.documentText(knex, column),
    read(raw) {
      const value = typeof raw === 'string' ? parsed(raw) : raw
      const bad = findBadText(value, { maxDepth: 30 })
      if (bad) throw new Unreadable(`holds JSON that cannot be told: ${bad.path} ${bad.message}`)
      return value as Json
    },
    write(value) {
      // SQLite keeps a number in such a column as a number, and its own reading of the text is not exact.
      if (kind.is === 'json' && typeof value === 'number') return { param: value }
      const text = JSON.stringify(value)
      return kind.is === 'text' ? writeText(kind, text) : { param: text }
    },
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Unreadable('holds no JSON')
  }
}

export function mustBe(what: string): Written {
  return { unfit: `must be ${what}` }
}
