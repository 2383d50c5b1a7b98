import type { Json } from '../../kernel/plugin.ts'

/** One call, as a line of the outbox holds it. */
export interface Entry {
  readonly id: string
  /** When it was kept, in ISO 8601. */
  readonly time: string
  readonly binding: string
  readonly operation: string
  readonly input: Json
  /** Its caller's; the id stands in for it. */
  readonly idempotencyKey?: string
}

/** Undefined for a line that nobody was told is kept. */
export function parseEntry(line: string): Entry | undefined {
  try {
    const entry = JSON.parse(line) as Partial<Entry> | null
    const isEntry = typeof entry === 'object' && entry !== null && typeof entry.id === 'string' && typeof entry.time === 'string' && typeof entry.operation === 'string' && entry.input !== undefined
    // Written by this driver: what it has not checked here it wrote itself.
    return isEntry ? (entry as Entry) : undefined
  } catch {
    return undefined
  }
}
