import { createHash } from 'node:crypto'
import type { ListInput } from './operations.ts'

/** Where a page ended: the time and the id of its last row. */
export interface Place {
  readonly at: number
  readonly id: string
}

/** Binds a cursor to its filter: another filter, or an altered cursor, does not open it. */
function fingerprint(filter: ListInput, place: Place): string {
  const { queue, state, from, to, code, text } = filter
  return createHash('sha256').update(JSON.stringify([queue, state, from, to, code, text, place.at, place.id])).digest('base64url').slice(0, 16)
}

export function formatCursor(filter: ListInput, place: Place): string {
  return Buffer.from(`${fingerprint(filter, place)}${place.at}.${place.id}`).toString('base64url')
}

/** Undefined for what is no cursor of this filter. */
export function parseCursor(filter: ListInput, cursor: string): Place | undefined {
  const [, print, at, id] = /^([\w-]{16})(\d{1,16})\.([0-9a-f-]{36})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  if (at === undefined || id === undefined) return undefined
  const place = { at: Number(at), id }
  // Decoding forgives stray characters; a cursor that was not written so is an altered one.
  return fingerprint(filter, place) === print && formatCursor(filter, place) === cursor ? place : undefined
}
