import type { ColumnKind, Dialect, SqlColumn } from '../../kernel/ports/sql/index.ts'
import type { FieldType } from '../../kernel/ports/storage/index.ts'
import type { Codec } from './mapped-codec.ts'
import { booleanCodec, decimalCodec, floatCodec, integerCodec } from './mapped-numbers.ts'
import { dateCodec, timestampCodec } from './mapped-times.ts'
import { choiceCodec, digitsCodec, jsonCodec, textCodec, uuidCodec } from './mapped-texts.ts'

/** What a field of a column is where its mapping does not say. */
const usual: Readonly<Record<ColumnKind['is'], FieldType | undefined>> = {
  text: 'string', uuid: 'string', choice: 'string', integer: 'integer', decimal: 'number', double: 'number', float: 'number', boolean: 'boolean', json: 'json',
  time: 'timestamp', date: 'date',
  other: undefined,
}

/** How values of the type stand in the column, or what does not fit. */
export function codecOf(type: FieldType | undefined, { kind, declared }: SqlColumn, dialect: Dialect): Codec | string {
  const wanted = type ?? usual[kind.is]
  if (wanted === undefined) return `is of the type ${declared || '(none)'}, which no field has`
  return makers[wanted](kind, dialect) ?? `is of the type ${declared}, which does not keep ${wanted === 'integer' ? 'an' : 'a'} ${wanted}${usual[kind.is] ? `; it would be ${usual[kind.is]}` : ''}`
}

const makers: Readonly<Record<FieldType, (kind: ColumnKind, dialect: Dialect) => Codec | undefined>> = {
  string(kind) {
    switch (kind.is) {
      case 'text': return textCodec(kind)
      case 'uuid': return uuidCodec
      case 'choice': return choiceCodec(kind)
      case 'integer': return digitsCodec(kind)
      default: return undefined
    }
  },
  integer(kind) {
    if (kind.is === 'integer') return integerCodec(kind)
    if (kind.is !== 'decimal' || kind.scale !== 0 || kind.digits === undefined) return undefined
    const end = 10n ** BigInt(kind.digits) - 1n
    return integerCodec({ min: -end, max: end })
  },
  number(kind) {
    switch (kind.is) {
      case 'integer': return integerCodec(kind)
      case 'decimal': return decimalCodec(kind)
      case 'double': case 'float': return floatCodec(kind.is)
      default: return undefined
    }
  },
  boolean(kind, dialect) {
    return kind.is === 'boolean' || kind.is === 'integer' ? booleanCodec(dialect.name, kind.is === 'integer') : undefined
  },
  json(kind) {
    return kind.is === 'json' || kind.is === 'text' ? jsonCodec(kind) : undefined
  },
  timestamp(kind, { timeParam }) {
    return kind.is === 'time' ? timestampCodec(kind, timeParam) : undefined
  },
  date(kind) {
    return kind.is === 'date' ? dateCodec() : undefined
  },
}
