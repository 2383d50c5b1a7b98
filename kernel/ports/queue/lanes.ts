import { createHash } from 'node:crypto'
import type { Json } from '../../json.ts'

/** `$.a.b`: names parted by dots, none of them empty. */
export const lanePathPattern = '^\\$(?:\\.[^.\\s\\u0000]+)+$'

const maxLaneBytes = 255

/**
 * The text that `perKey` counts by: the value at `key` as JSON, so that 1 and "1" are two; the hash of a long one.
 * Undefined when the payload has nothing there, or no string, number or boolean.
 */
export function laneOf(payload: Json, key: string): string | undefined {
  let value: Json | undefined = payload
  for (const name of key.split('.').slice(1)) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) return undefined
    value = (value as Readonly<Record<string, Json>>)[name]
  }
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined
  const text = JSON.stringify(value)
  return Buffer.byteLength(text) <= maxLaneBytes ? text : createHash('sha256').update(text).digest('hex')
}
