/** A value that JSON can carry. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject

/** A JSON object; `undefined` never stands in one. */
export interface JsonObject {
  readonly [name: string]: Json
}

/** JSON Schema 2020-12 as data; ajv judges it when it is compiled. */
export interface JsonSchema {
  readonly [keyword: string]: unknown
}

/**
 * JSON that is kept as the text a backend stored, so that HTTP can splice it into an answer without parsing it.
 * Only a call with `text: true` meets one; every other caller gets the parsed value.
 */
export class JsonText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  toJSON(): unknown {
    return JSON.parse(this.text)
  }
}

/**
 * Stored JSON as a `JsonText`, under the type of the value it stands for: who calls with `text: true` knows what comes,
 * and everybody else need not tell two kinds of value apart.
 */
export function asText<T extends Json = JsonObject>(text: string): T {
  // No type could say it: which of the two comes follows from the caller's `text`, at run time.
  return new JsonText(text) as unknown as T
}
