import mysql from 'mysql2'
import type { SqlStep, SqlValue } from '../../kernel/ports/sql/index.ts'

/** Below the smallest `max_allowed_packet` that anybody sets; one document and its keys always fit. */
const mostBytes = 4 * 1024 * 1024
const mostTexts = 2_000

/** A text between its placeholders, found once. */
const partsByText = new Map<string, readonly string[]>()

/** The steps as few texts of statements, to be sent one after the other; how many steps each holds. */
export function messagesOf(steps: readonly SqlStep[]): readonly { readonly text: string; readonly steps: number }[] {
  const messages: { text: string; steps: number }[] = []
  let texts: string[] = []
  let length = 0
  const close = () => {
    if (texts.length > 0) messages.push({ text: texts.join(';\n'), steps: texts.length })
    texts = []
    length = 0
  }
  for (const step of steps) {
    const text = inlined(step)
    if (length + text.length > mostBytes) close()
    texts.push(text)
    length += text.length
  }
  close()
  return messages
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
