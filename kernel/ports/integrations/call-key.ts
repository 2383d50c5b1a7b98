import type { Json } from '../../json.ts'

/** A text that is the same for calls of one operation with the same JSON, in whatever order the keys of its objects stand. */
export function callKey(operation: string, input: Json): string {
  return `${operation} ${JSON.stringify(input, (_, value: Json) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value))}`
}
