import type { CacheValue } from './driver.ts'

/** How bytes stand in JSON. */
export type Encoding = 'base64'

/** A value as JSON has it. */
export function encode(value: CacheValue): { readonly value: CacheValue; readonly encoding?: Encoding } {
  return value instanceof Uint8Array ? { value: Buffer.from(value).toString('base64'), encoding: 'base64' } : { value }
}

/** The bytes that a text stands for; undefined when it is no base64 (RFC 4648, with padding). */
export function decode(value: CacheValue): Uint8Array | undefined {
  if (typeof value !== 'string') return undefined
  const bytes = Buffer.from(value, 'base64')
  // Node's decoder takes anything; what it makes another text of was no base64.
  return bytes.toString('base64') === value ? bytes : undefined
}
