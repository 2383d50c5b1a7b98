import type { CacheRow, CacheValue } from '../../kernel/ports/cache/index.ts'
import type { Json } from '../../kernel/plugin.ts'

/**
 * A row is a text of three lines: epoch, stamp, until when it is fresh (`-`: always) and the tags' digests, which only scripts read but for the
 * time; the tags as JSON, or nothing; `j` and JSON, or `b` and bytes in base64.
 */
export function restOf(value: CacheValue, tags: readonly string[]): string {
  const body = value instanceof Uint8Array ? `b${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}` : `j${JSON.stringify(value)}`
  return `${tags.length === 0 ? '' : JSON.stringify(tags)}\n${body}`
}

/** @throws SyntaxError for what no driver wrote. */
export function toRow(text: string, nowMs: number): CacheRow {
  const first = text.indexOf('\n')
  const second = text.indexOf('\n', first + 1)
  const freshUntil = wordOf(text, 2)
  const tags = second === first + 1 ? undefined : (JSON.parse(text.slice(first + 1, second)) as readonly string[])
  return {
    value: toValue(text, second + 1),
    freshMs: freshUntil === '-' ? null : Number(freshUntil) - nowMs,
    ...(tags && { tags }),
  }
}

function toValue(text: string, at: number): CacheValue {
  const body = text.slice(at + 1)
  if (text[at] === 'j') return JSON.parse(body) as Json
  if (text[at] === 'b') return new Uint8Array(Buffer.from(body, 'base64'))
  throw new SyntaxError('the row has neither JSON nor bytes')
}

function wordOf(line: string, number: number): string {
  let at = 0
  for (let passed = 0; passed < number; passed += 1) at = line.indexOf(' ', at) + 1
  return line.slice(at, line.indexOf(' ', at))
}
