import type { Log } from './log.ts'

/** A shorter text is no secret, and hiding it would garble everything else. */
const minChars = 4

/** Deeper in a logged value nothing is looked at, and nothing shown. */
const maxDepth = 8

/** The texts that are shown nowhere: secrets, and what sensitive settings hold. Filled before the first plugin runs. */
export class Redaction {
  readonly #hidden = new Set<string>()
  #pattern: RegExp | undefined

  /** Hides texts from now on, as they are, in a URL and in JSON. */
  add(texts: Iterable<string>): void {
    for (const text of texts) {
      for (const form of [text, encodeURIComponent(text.toWellFormed()), decoded(text), JSON.stringify(text).slice(1, -1)]) {
        if (form.length >= minChars) this.#hidden.add(form)
      }
    }
    // The longest first: one may hold another.
    const forms = [...this.#hidden].sort((a, b) => b.length - a.length)
    this.#pattern = forms.length === 0 ? undefined : new RegExp(forms.map((form) => form.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&')).join('|'), 'g')
  }

  text(text: string): string {
    return this.#pattern ? text.replace(this.#pattern, '***') : text
  }

  /** A copy of a value with every text in it hidden; an error stays of its class, with its message, stack and causes hidden. */
  value<T>(value: T): T {
    return this.#pattern ? (this.#copy(value, 0) as T) : value
  }

  /** A log that writes no hidden text. */
  log(log: Log): Log {
    if (!this.#pattern) return log
    return {
      debug: (fields, message) => { log.debug(this.value(fields), this.text(message)) },
      info: (fields, message) => { log.info(this.value(fields), this.text(message)) },
      warn: (fields, message) => { log.warn(this.value(fields), this.text(message)) },
      error: (fields, message) => { log.error(this.value(fields), this.text(message)) },
      child: (fields) => this.log(log.child(this.value(fields))),
    }
  }

  #copy(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return this.text(value)
    if (typeof value !== 'object' || value === null || value instanceof Date) return value
    if (depth > maxDepth) return '…'
    if (Array.isArray(value)) return value.map((item) => this.#copy(item, depth + 1))
    if (!(value instanceof Error)) return Object.fromEntries(Object.entries(value).map(([name, item]) => [this.text(name), this.#copy(item, depth + 1)]))

    // Code of others may throw an error whose message is no text; as its own property it is copied below.
    const copy = new Error(typeof value.message === 'string' ? this.text(value.message) : '')
    Object.setPrototypeOf(copy, Object.getPrototypeOf(value) as object)
    for (const name of Reflect.ownKeys(value)) {
      // `stack` may be an accessor of V8: what it answers is copied.
      Object.defineProperty(copy, name, { value: this.#copy(readOf(value, name), depth + 1), configurable: true, writable: true, enumerable: Object.prototype.propertyIsEnumerable.call(value, name) })
    }
    return copy
  }
}

/** Undefined for a property that throws when it is read, as the stack of an error does whose message cannot be told. */
function readOf(value: object, name: PropertyKey): unknown {
  try {
    return Reflect.get(value, name) as unknown
  } catch {
    return undefined
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
