import type { FieldError } from '../../errors.ts'
import { badText } from '../text.ts'

export const maxKeyBytes = 1_024
export const maxKeys = 1_000
export const maxTags = 32
export const maxTagBytes = 255

/** Why `key` cannot be a cache key; undefined when it can. */
export function badKey(key: string): string | undefined {
  // `remember` is called without a schema's check.
  if (typeof (key as unknown) !== 'string') return 'must be a text'
  const wrong = badPrefix(key)
  if (wrong !== undefined) return wrong
  return key === '.' || key === '..' ? 'must not be . or ..' : undefined
}

/** Why no key can begin with `prefix` for its length or its text; undefined when one can. */
export function badPrefix(prefix: string): string | undefined {
  return badName(prefix, maxKeyBytes)
}

/** Keys that begin with `_` are for what runs in this process: no route names them, and so nobody forges them over HTTP. */
export function isReserved(key: string): boolean {
  return key.charCodeAt(0) === 0x5f
}

/** The first key of a list that cannot be one. */
export function badKeys(keys: readonly string[]): FieldError | undefined {
  for (const [index, key] of keys.entries()) {
    const message = badKey(key)
    if (message) return { path: `/keys/${index}`, message }
  }
  return undefined
}

/** The first tag that cannot be one. */
export function badTags(tags: readonly string[]): FieldError | undefined {
  if (tags.length > maxTags) return { path: '/tags', message: `must be at most ${maxTags} tags` }
  for (const [index, tag] of tags.entries()) {
    const message = badName(tag, maxTagBytes)
    if (message) return { path: `/tags/${index}`, message }
  }
  return undefined
}

function badName(text: string, maxBytes: number): string | undefined {
  if (text === '') return 'must not be empty'
  return exceeds(text, maxBytes) ? `must be at most ${maxBytes} bytes of UTF-8` : badText(text)
}

function exceeds(text: string, bytes: number): boolean {
  // A UTF-16 unit is at most three bytes of UTF-8: most texts need no count.
  return text.length > bytes || (text.length * 3 > bytes && Buffer.byteLength(text) > bytes)
}
