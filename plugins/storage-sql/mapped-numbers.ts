import type { Json } from '../../kernel/plugin.ts'
import type { ColumnKind, Dialect } from '../../kernel/ports/sql/index.ts'
import { asText, type Codec, integerParam, plain, Unreadable, wholeNumber, type Written } from './mapped-codec.ts'
import { mustBe } from './mapped-texts.ts'

type Kind<K extends ColumnKind['is']> = Extract<ColumnKind, { readonly is: K }>

const safe = BigInt(Number.MAX_SAFE_INTEGER)

/** Numbers in a column of whole numbers. */
export function integerCodec({ min, max }: Pick<Kind<'integer'>, 'min' | 'max'>): Codec {
  const bounds = { min: min < -safe ? -safe : min, max: max > safe ? safe : max }
  const within = (value: Json) => typeof value === 'number' && Number.isSafeInteger(value) && value >= bounds.min && value <= bounds.max
  return {
    bounds,
    select: asText,
    read(raw) {
      const number = wholeNumber(raw)
      if (number === undefined) throw new Unreadable('holds no whole number')
      if (number < -safe || number > safe) throw new Unreadable(`holds ${number}, which JSON does not tell exactly; map the column with type: string`)
      return Number(number)
    },
    write: (value) => (within(value) ? { param: value as number } : mustBe(`a whole number from ${bounds.min} to ${bounds.max}`)),
    equal: (value) => (within(value) ? integerParam(BigInt(value as number)) : undefined),
  }
}

/** Numbers in a column of exact decimals: only those that it keeps to the last digit. */
export function decimalCodec({ digits, scale }: Kind<'decimal'>): Codec {
  return {
    select: asText,
    read(raw) {
      const number = typeof raw === 'string' ? Number(raw) : Number.NaN
      if (typeof raw !== 'string' || !Number.isFinite(number) || trimmed(raw) !== decimalText(number)) throw new Unreadable(`holds ${String(raw).slice(0, 60)}, which JSON does not tell exactly`)
      return number === 0 ? 0 : number
    },
    write(value) {
      if (typeof value !== 'number') return mustBe('a number')
      const { whole, fraction } = digitsOf(value)
      const fits = (scale === undefined || fraction <= scale) && (digits === undefined || whole <= digits - (scale ?? 0))
      return fits ? { param: decimalText(value) } : mustBe(`a number with at most ${(digits ?? 0) - (scale ?? 0)} digits before the point and ${scale ?? 0} after it`)
    },
  }
}

/** How many digits stand before the point and after it. */
function digitsOf(value: number): { readonly whole: number; readonly fraction: number } {
  const [mantissa = '', exponent = '0'] = Math.abs(value).toExponential().split('e')
  const places = Number(exponent)
  return { whole: value === 0 ? 0 : Math.max(0, places + 1), fraction: Math.max(0, mantissa.replace('.', '').length - 1 - places) }
}

/** The shortest decimal that is this number, without an exponent. */
function decimalText(value: number): string {
  const { fraction } = digitsOf(value)
  const [mantissa = '', exponent = '0'] = Math.abs(value).toExponential().split('e')
  const all = mantissa.replace('.', '')
  const point = Number(exponent) + 1
  const whole = point > 0 ? all.slice(0, point).padEnd(point, '0') : '0'
  const rest = point > 0 ? all.slice(point) : all.padStart(fraction, '0')
  return `${value < 0 ? '-' : ''}${whole}${rest ? `.${rest}` : ''}`
}

/** As `decimalText` writes it: a column shows the zeros at its end. */
function trimmed(text: string): string {
  const short = text.includes('.') ? text.replace(/\.?0+$/, '') : text
  return short === '-0' ? '0' : short
}

/** Numbers in a column of 64-bit or 32-bit floating point. */
export function floatCodec(kind: 'double' | 'float'): Codec {
  // 32 bits come back as more digits than a server shows of them.
  const kept = (value: number) => (kind === 'float' ? Math.fround(value) : value)
  return {
    select: plain,
    read(raw) {
      if (typeof raw !== 'number' || !Number.isFinite(raw)) throw new Unreadable(`holds ${typeof raw === 'number' ? raw : 'no number'}`)
      return kept(raw) === 0 ? 0 : kept(raw)
    },
    write(value): Written {
      if (typeof value !== 'number') return mustBe('a number')
      return kept(value) === value ? { param: value } : mustBe('a number of 32 bits: the column would round it')
    },
  }
}

/** True and false; `whole` in a column of whole numbers, as 1 and 0. */
export function booleanCodec(dialect: Dialect['name'], whole: boolean): Codec {
  const params = dialect === 'postgres' && !whole ? { true: 'true', false: 'false' } : { true: 1, false: 0 }
  const param = (value: boolean) => params[`${value}`]
  return {
    select: plain,
    read(raw) {
      if (raw === true || raw === 1) return true
      if (raw === false || raw === 0) return false
      throw new Unreadable('holds neither true nor false, which are 1 and 0')
    },
    write: (value) => (typeof value === 'boolean' ? { param: param(value) } : mustBe('true or false')),
    equal: (value) => (typeof value === 'boolean' ? param(value) : undefined),
  }
}
