import { kernelError, type FieldError } from '../../errors.ts'
import { badText } from '../text.ts'
import { type Filter, isScalar } from './evaluate.ts'
import type { FindInput, Where } from './operations.ts'
import type { Scalar } from './order.ts'
import { type OrderPath, parseOrderPath, parsePath, type Path } from './path.ts'

/** A checked query. */
export interface Query {
  readonly filter: Filter
  readonly orderBy: readonly OrderPath[]
}

/** What the names of a query mean: paths of the document itself, or the fields of a view. */
export interface Names {
  /** Undefined for a name that means nothing. */
  read(name: string): Path | undefined
  /** Why it means nothing. */
  unknown(name: string): string
}

/** Paths of a document. */
export const documentNames: Names = { read: parsePath, unknown: () => 'is no path that a document can have' }

/** Each is asked of each row that a query examines. */
const maxConditions = 1_000
const maxOperands = 1_000
const maxLevels = 30

/** Thrown inside this file and turned into INPUT_INVALID at its edge. */
class Wrong extends Error {
  readonly field: FieldError

  constructor(path: string, message: string) {
    super(message)
    this.field = { path, message }
  }
}

/** @throws INPUT_INVALID with the JSON pointer of what is wrong. */
export function parseQuery(operation: string, input: Pick<FindInput, 'where' | 'orderBy'>, names = documentNames): Query {
  return refusing(operation, () => ({
    filter: new WhereParser(names).conditions(input.where ?? {}, '/where', 0),
    orderBy: (input.orderBy ?? []).map((text, index) => parseOrderPath(text, (name) => names.read(name)) ?? wrong(`/orderBy/${index}`, names.unknown(text.replace(/^-/, '')))),
  }))
}

/** @throws INPUT_INVALID when a path is none of a value. */
export function parseSelect(operation: string, select: readonly string[]): readonly Path[] {
  return refusing(operation, () => select.map((name, index) => {
    const path = parsePath(name)
    return path && !path.own ? path : wrong(`/select/${index}`, 'is no path of a value')
  }))
}

function refusing<T>(operation: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof Wrong)) throw error
    throw kernelError('INPUT_INVALID', { operation }, { errors: [error.field] })
  }
}

function wrong(path: string, message: string): never {
  throw new Wrong(path, message)
}

class WhereParser {
  readonly #names: Names
  #conditions = 0
  #operands = 0

  constructor(names: Names) {
    this.#names = names
  }

  /** All of them hold. */
  conditions(where: Where, at: string, level: number): Filter {
    if (level > maxLevels) wrong(at, 'is nested too deep')
    const names = Object.keys(where)
    this.#count(names.length === 0 ? 1 : 0, at)
    return allOf(names.map((name) => this.#condition(name, where[name], `${at}/${pointer(name)}`, level)))
  }

  #condition(name: string, operand: unknown, at: string, level: number): Filter {
    if (name === '$and' || name === '$or') {
      if (!Array.isArray(operand) || operand.length === 0) wrong(at, 'must be a list of conditions that is not empty')
      const of = (operand as unknown[]).map((one, index) => this.#group(one, `${at}/${index}`, level))
      return name === '$or' ? { kind: 'or', of } : allOf(of)
    }
    if (name === '$not') return { kind: 'not', of: this.#group(operand, at, level) }

    const bad = badText(name)
    if (bad) wrong(at.slice(0, at.lastIndexOf('/')), `has a path that ${bad}`)
    const path = this.#names.read(name) ?? wrong(at, name.startsWith('$') && !parsePath(name) ? 'unknown operator' : this.#names.unknown(name))
    if (typeof operand !== 'object' || operand === null) {
      this.#count(1, at)
      return this.#operator(path, '$eq', operand, at)
    }
    if (Array.isArray(operand)) wrong(at, 'must be a scalar or operators; a list needs $in')

    const names = Object.keys(operand)
    if (names.length === 0) wrong(at, 'must have an operator')
    this.#count(names.length, at)
    return allOf(names.map((operator) => this.#operator(path, operator, (operand as Readonly<Record<string, unknown>>)[operator], `${at}/${pointer(operator)}`)))
  }

  /** Lists of conditions are not counted, but what stands in them, and empty ones. */
  #count(conditions: number, at: string): void {
    this.#conditions += conditions
    if (this.#conditions > maxConditions) wrong(at, `is more than ${maxConditions} conditions in one query`)
  }

  #group(operand: unknown, at: string, level: number): Filter {
    if (typeof operand !== 'object' || operand === null || Array.isArray(operand)) wrong(at, 'must be an object of conditions')
    return this.conditions(operand as Where, at, level + 1)
  }

  #operator(path: Path, operator: string, operand: unknown, at: string): Filter {
    switch (operator) {
      case '$eq': return { kind: 'in', path, operands: new Set([this.#scalar(path, operand, at)]) }
      case '$ne': return { kind: 'not', of: this.#operator(path, '$eq', operand, at) }
      case '$in': return { kind: 'in', path, operands: this.#list(path, operand, at) }
      case '$nin': return { kind: 'not', of: this.#operator(path, '$in', operand, at) }
      case '$gt': return { kind: 'gt', path, operand: this.#scalar(path, operand, at) }
      case '$gte': return { kind: 'gte', path, operand: this.#scalar(path, operand, at) }
      case '$lt': return { kind: 'lt', path, operand: this.#scalar(path, operand, at) }
      case '$lte': return { kind: 'lte', path, operand: this.#scalar(path, operand, at) }
      case '$exists': return typeof operand === 'boolean' ? { kind: 'exists', path, operand } : wrong(at, 'must be true or false')
      case '$prefix': return { kind: 'prefix', path, operand: this.#text(path, operand, at) }
      case '$contains': return { kind: 'contains', path, operand: this.#onValue(path, this.#scalar(path, operand, at), at) }
      default: return wrong(at, 'unknown operator')
    }
  }

  #list(path: Path, operand: unknown, at: string): ReadonlySet<Scalar> {
    if (!Array.isArray(operand)) wrong(at, 'must be a list of scalars')
    return new Set((operand as unknown[]).map((one, index) => this.#scalar(path, one, `${at}/${index}`)))
  }

  #text(path: Path, operand: unknown, at: string): string {
    const scalar = this.#scalar(path, operand, at)
    return typeof scalar === 'string' ? scalar : wrong(at, path.own ? 'cannot be asked of a time' : 'must be a string')
  }

  #onValue(path: Path, operand: Scalar, at: string): Scalar {
    return path.own === 'createdAt' || path.own === 'updatedAt' ? wrong(at, 'cannot be asked of a time') : operand
  }

  #scalar(path: Path, operand: unknown, at: string): Scalar {
    if (++this.#operands > maxOperands) wrong(at, `is more than ${maxOperands} operands in one query`)
    if (!isScalar(operand)) wrong(at, 'must be a number, string, boolean or null')
    if (typeof operand === 'number' && !Number.isFinite(operand)) wrong(at, 'must be a finite number')
    const bad = typeof operand === 'string' ? badText(operand) : undefined
    if (bad) wrong(at, bad)
    return path.own === 'createdAt' || path.own === 'updatedAt' ? instant(operand, at) : operand
  }
}

function instant(operand: Scalar, at: string): number {
  const ms = typeof operand === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(operand) ? Date.parse(operand) : NaN
  // The round trip refuses a 31st of February.
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== operand) wrong(at, 'must be a full UTC time with milliseconds: 2026-11-21T10:00:00.000Z')
  return ms
}

function allOf(of: readonly Filter[]): Filter {
  const [only] = of
  return of.length === 1 && only ? only : { kind: 'and', of }
}

/** The usual names are told by one look. */
const plainName = /^[\w.$-]{1,100}$/

function pointer(name: string): string {
  if (plainName.test(name)) return name
  const shown = name.length > 100 ? `${name.slice(0, 99)}…` : name
  return shown.toWellFormed().replaceAll('\0', '\u{fffd}').replaceAll('~', '~0').replaceAll('/', '~1')
}
