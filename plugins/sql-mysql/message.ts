import mysql from 'mysql2'
import type { SqlStep, SqlValue } from '../../kernel/ports/sql/index.ts'

/** A longer program is sent in pieces: neither side then holds much of it as text. */
const pieceBytes = 4 * 1024 * 1024
/** Left of a packet for what is not the text. */
const frameBytes = 1_024
const mostTexts = 2_000

/** A text between its placeholders, found once. */
const partsByText = new Map<string, readonly string[]>()

/** A statement that the server would not take: it closes the connection of whoever sends one. */
export class TooLarge extends Error {
  constructor(bytes: number, maxPacketBytes: number) {
    super(`a statement has ${bytes} bytes, and the server's max_allowed_packet is ${maxPacketBytes}; raise it there`)
    this.name = 'TooLarge'
  }
}

/** The steps as few texts of statements, to be sent one after the other. @throws TooLarge */
export function messagesOf(steps: readonly SqlStep[], maxPacketBytes: number): readonly string[] {
  const mostBytes = Math.min(pieceBytes, maxPacketBytes - frameBytes)
  const messages: string[] = []
  let texts: string[] = []
  let bytes = 0
  const close = () => {
    if (texts.length > 0) messages.push(texts.join(';\n'))
    texts = []
    bytes = 0
  }
  for (const step of steps) {
    const text = inlined(step)
    const size = Buffer.byteLength(text) + 2
    if (size > maxPacketBytes - frameBytes) throw new TooLarge(size, maxPacketBytes)
    if (bytes + size > mostBytes) close()
    texts.push(text)
    bytes += size
  }
  close()
  return messages
}

/** @throws TooLarge for a prepared statement whose values would not fit. */
export function checkSize({ params }: Pick<SqlStep, 'params'>, maxPacketBytes: number): void {
  let units = 0
  for (const value of params) if (typeof value === 'string' || value instanceof Uint8Array) units += value.length
  // Three bytes a UTF-16 unit at most: only what may be too large is measured.
  if (units * 3 < maxPacketBytes - frameBytes) return
  const bytes = params.reduce<number>((sum, value) => sum + (typeof value === 'string' ? Buffer.byteLength(value) : value instanceof Uint8Array ? value.byteLength : 9), 0)
  if (bytes > maxPacketBytes - frameBytes) throw new TooLarge(bytes, maxPacketBytes)
}

/** The statement with its values written in. */
export function inlined({ sql, params }: Pick<SqlStep, 'sql' | 'params'>): string {
  const parts = partsOf(sql)
  if (parts.length !== params.length + 1) throw new TypeError(`${params.length} values for ${parts.length - 1} places: ${sql}`)
  let text = parts[0] ?? ''
  for (let at = 0; at < params.length; at++) text += literal(params[at] as SqlValue) + (parts[at + 1] ?? '')
  return text
}

/** Escaped by mysql2 as it is read: without NO_BACKSLASH_ESCAPES, in UTF-8. */
function literal(value: SqlValue): string {
  if (value === null) return 'null'
  if (typeof value === 'number' || typeof value === 'bigint') return numeral(value)
  if (typeof value === 'string') return mysql.escape(value)
  return `x'${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}'`
}

function numeral(value: number | bigint): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`a statement was given ${value}`)
  return String(value)
}

/** What stands between the placeholders: a `?` in quotes or backquotes is none. */
function partsOf(sql: string): readonly string[] {
  let parts = partsByText.get(sql)
  if (!parts) {
    parts = splitAtPlaceholders(sql)
    if (partsByText.size >= mostTexts) partsByText.clear()
    partsByText.set(sql, parts)
  }
  return parts
}

function splitAtPlaceholders(sql: string): string[] {
  const parts: string[] = []
  let from = 0
  let quote: string | undefined
  for (let at = 0; at < sql.length; at++) {
    const char = sql[at]
    if (quote !== undefined) {
      if (char === '\\' && quote !== '`') at++
      else if (char === quote) quote = undefined
    } else if (char === '\'' || char === '"' || char === '`') quote = char
    else if (char === '?') {
      parts.push(sql.slice(from, at))
      from = at + 1
    }
  }
  return [...parts, sql.slice(from)]
}
