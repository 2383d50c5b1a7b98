import type { FieldError, Json } from '../../kernel/plugin.ts'
import { maskAt } from '../../kernel/ports/integrations/index.ts'
import type { Candidate } from './exchanges.ts'

/** More are neither counted nor told apart. */
const maxDifferences = 100
const maxTold = 20
const maxShownChars = 60
const maxNameChars = 100

export interface Nearest {
  readonly line: number
  readonly differences: readonly FieldError[]
}

/** The exchange whose input differs from the given one in the fewest places; of several the first. */
export function nearestOf(candidates: readonly Candidate[], input: Json): Nearest | undefined {
  let nearest: Nearest | undefined
  for (const { line, exchange, pointers } of candidates) {
    const found = new Differences(nearest ? nearest.differences.length : maxDifferences)
    found.compare(exchange.input, maskAt(input, pointers), '/input')
    if (!nearest || found.all.length < nearest.differences.length) nearest = { line, differences: found.all }
  }
  return nearest && { line: nearest.line, differences: nearest.differences.slice(0, maxTold) }
}

class Differences {
  readonly all: FieldError[] = []
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  compare(recorded: Json | undefined, given: Json | undefined, path: string): void {
    if (this.all.length >= this.#max) return
    if (isCompound(recorded) && isCompound(given) && Array.isArray(recorded) === Array.isArray(given)) return this.#compareMembers(recorded, given, path)
    if (recorded === undefined) this.all.push({ path, message: 'is not in the recording' })
    else if (given === undefined) this.all.push({ path, message: `is missing: it is ${shown(recorded)} in the recording` })
    else if (JSON.stringify(recorded) !== JSON.stringify(given)) this.all.push({ path, message: `is ${shown(recorded)} in the recording` })
  }

  #compareMembers(recorded: Compound, given: Compound, path: string): void {
    for (const name of new Set([...Object.keys(recorded), ...Object.keys(given)])) {
      const cut = name.length > maxNameChars ? `${name.slice(0, maxNameChars - 1).toWellFormed()}…` : name
      this.compare(memberOf(recorded, name), memberOf(given, name), `${path}/${cut.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    }
  }
}

type Compound = Readonly<Record<string, Json>> | readonly Json[]

function isCompound(value: Json | undefined): value is Compound {
  return typeof value === 'object' && value !== null
}

function memberOf(compound: Compound, name: string): Json | undefined {
  return Object.hasOwn(compound, name) ? (compound as Readonly<Record<string, Json>>)[name] : undefined
}

function shown(recorded: Json): string {
  const text = JSON.stringify(recorded)
  return text.length > maxShownChars ? `${text.slice(0, maxShownChars).toWellFormed()}…` : text
}
