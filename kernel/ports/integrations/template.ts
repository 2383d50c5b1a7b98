import type { FieldError } from '../../errors.ts'
import type { Json, JsonObject } from '../../json.ts'

const placeholder = /\{(\w+)\}/g
const alone = /^\{(\w+)\}$/

/** Whether a text is filled from the input at all; what is not needs no look at it. */
export function hasPlaceholder(template: string): boolean {
  return template.includes('{')
}

/** Fills the texts of an operation from the fields of one input, and tells which fields were used and what did not fit. */
export class Filling {
  readonly errors: FieldError[] = []
  readonly used = new Set<string>()
  readonly #fields: JsonObject | undefined

  constructor(fields: JsonObject | undefined) {
    this.#fields = fields
  }

  /** The text with each placeholder replaced; every field is required, and `encode` may refuse what it has. */
  fill(template: string, place: string, encode: (text: string) => string | { readonly bad: string }): string {
    return template.replace(placeholder, (_, name: string) => {
      const text = scalarText(this.take(name))
      const encoded = text === undefined ? { bad: `is required by the ${place}: a text, number or boolean` } : encode(text)
      if (typeof encoded === 'string') return encoded
      this.fail(name, encoded.bad)
      return ''
    })
  }

  /** The field when the text is nothing but its placeholder, so that it may be missing. */
  lone(template: string): { readonly name: string; readonly value: Json | undefined } | undefined {
    const name = alone.exec(template)?.[1]
    return name === undefined ? undefined : { name, value: this.take(name) }
  }

  take(name: string): Json | undefined {
    this.used.add(name)
    return this.#fields && Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined
  }

  fail(name: string, message: string): void {
    this.errors.push({ path: `/input/${name.replaceAll('~', '~0').replaceAll('/', '~1').slice(0, 100).toWellFormed()}`, message })
  }
}

/** Undefined for what has no one text. */
export function scalarText(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}
