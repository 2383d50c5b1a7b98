/**
 * What HTTP signatures need of structured fields (RFC 9651): dictionaries of inner lists of strings, and of byte sequences.
 * Everything else is no member that they could have.
 */
export type Bare = string | number | boolean | Token

/** A token, which is written without quotes. */
export interface Token {
  readonly token: string
}

export type Parameters = ReadonlyMap<string, Bare>

export interface Component {
  readonly name: string
  readonly parameters: Parameters
}

export interface InnerList {
  readonly items: readonly Component[]
  readonly parameters: Parameters
}

/** Bounds what a stranger may have read. */
const maxChars = 8_000
const maxMembers = 10
const maxItems = 50
const maxParameters = 10

const keyPattern = /[a-z*][a-z0-9_.*-]*/y
const stringPattern = /"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/y
const integerPattern = /-?\d{1,15}(?![\d.])/y
const tokenPattern = /[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*/y
const bytesPattern = /:([A-Za-z0-9+/]*={0,2}):/y

/** Members by key; undefined for text that is no such dictionary, or is too much. */
export function parseInnerLists(text: string): ReadonlyMap<string, InnerList> | undefined {
  return parseDictionary(text, (reader) => {
    if (!reader.takes('(')) return undefined
    const items: Component[] = []
    for (reader.spaces(); !reader.takes(')'); reader.spaces()) {
      const name = reader.string()
      const parameters = name === undefined ? undefined : reader.parameters()
      if (name === undefined || !parameters || items.length === maxItems || !/[ )]/.test(reader.next())) return undefined
      items.push({ name, parameters })
    }
    const parameters = reader.parameters()
    return parameters && { items, parameters }
  })
}

/** Byte sequences by key; members of other types are refused. */
export function parseByteSequences(text: string): ReadonlyMap<string, Buffer> | undefined {
  return parseDictionary(text, (reader) => {
    const base64 = reader.match(bytesPattern)?.[1]
    return base64 !== undefined && reader.parameters() ? Buffer.from(base64, 'base64') : undefined
  })
}

export function serializeInnerList({ items, parameters }: InnerList): string {
  return `(${items.map(serializeComponent).join(' ')})${serializeParameters(parameters)}`
}

export function serializeComponent({ name, parameters }: Component): string {
  return `${serializeBare(name)}${serializeParameters(parameters)}`
}

function serializeParameters(parameters: Parameters): string {
  return [...parameters].map(([key, value]) => (value === true ? `;${key}` : `;${key}=${serializeBare(value)}`)).join('')
}

function serializeBare(value: Bare): string {
  if (typeof value === 'string') return `"${value.replace(/["\\]/g, '\\$&')}"`
  if (typeof value === 'boolean') return value ? '?1' : '?0'
  return typeof value === 'number' ? String(value) : value.token
}

function parseDictionary<T>(text: string, member: (reader: Reader) => T | undefined): ReadonlyMap<string, T> | undefined {
  if (text.length > maxChars) return undefined
  const members = new Map<string, T>()
  const reader = new Reader(text.trim())
  while (!reader.ended()) {
    const key = reader.match(keyPattern)?.[0]
    const value = key !== undefined && reader.takes('=') ? member(reader) : undefined
    // One key twice: the last one wins by RFC 9651, and whoever is in between may have taken the first.
    if (key === undefined || value === undefined || members.has(key) || members.size === maxMembers) return undefined
    members.set(key, value)
    reader.match(/[ \t]*/y)
    if (reader.ended()) break
    if (!reader.takes(',')) return undefined
    reader.match(/[ \t]*/y)
    if (reader.ended()) return undefined
  }
  return members
}

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  ended(): boolean {
    return this.#at >= this.#text.length
  }

  next(): string {
    return this.#text[this.#at] ?? ''
  }

  takes(character: string): boolean {
    if (this.next() !== character) return false
    this.#at++
    return true
  }

  spaces(): void {
    while (this.takes(' '));
  }

  match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match) this.#at = pattern.lastIndex
    return match ?? undefined
  }

  string(): string | undefined {
    return this.match(stringPattern)?.[1]?.replace(/\\(["\\])/g, '$1')
  }

  /** Undefined when one of them is none, or is there twice. */
  parameters(): Parameters | undefined {
    const parameters = new Map<string, Bare>()
    while (this.takes(';')) {
      this.spaces()
      const key = this.match(keyPattern)?.[0]
      const value = this.takes('=') ? this.#bare() : true
      if (key === undefined || value === undefined || parameters.has(key) || parameters.size === maxParameters) return undefined
      parameters.set(key, value)
    }
    return parameters
  }

  #bare(): Bare | undefined {
    if (this.next() === '"') return this.string()
    if (this.takes('?')) return this.takes('1') ? true : this.takes('0') ? false : undefined
    const integer = this.match(integerPattern)?.[0]
    if (integer !== undefined) return Number(integer)
    const token = this.match(tokenPattern)?.[0]
    return token === undefined ? undefined : { token }
  }
}
