import { asText } from '../../json.ts'
import type { CacheRow, CacheValue, Soon } from './driver.ts'
import { encode } from './encoding.ts'
import { cacheError } from './errors.ts'
import type { Rows } from './questions.ts'

/** How many bytes of JSON the values of one answer may have; a single value may have more. */
export const maxAnswerBytes = 8 * 1024 ** 2

export type RowsByKey = ReadonlyMap<string, CacheRow | undefined>

/**
 * The rows of the keys, each asked for once. A driver that answers a part is asked for the rest, for as long as `onPart` does not throw; one that
 * answers nothing is not asked again.
 */
export async function readParts(keys: readonly string[], ask: (keys: readonly string[]) => Soon<Rows>, onPart: (found: RowsByKey) => void = () => undefined): Promise<RowsByKey> {
  const found = new Map<string, CacheRow | undefined>()
  let left: readonly string[] = [...new Set(keys)]
  while (left.length > 0) {
    const rows = await ask(left)
    if (rows.length === 0) break
    for (const [index, row] of rows.entries()) found.set(left[index] ?? '', row)
    left = left.slice(rows.length)
    onPart(found)
  }
  return found
}

/** What stands for a value in an answer that is text. */
export interface TextHit {
  readonly value: CacheValue
  readonly encoding?: 'base64'
}

/** The values of one answer as JSON, each written once however often it is asked for. */
export class Texts {
  readonly #keys: readonly string[]
  readonly #hits = new Map<string, { readonly hit: TextHit; readonly bytes: number }>()

  constructor(keys: readonly string[]) {
    this.#keys = keys
  }

  hitOf(key: string): TextHit | undefined {
    return this.#hits.get(key)?.hit
  }

  /** @throws CACHE_ANSWER_TOO_LARGE */
  add(found: RowsByKey): void {
    for (const [key, row] of found) if (row && !this.#hits.has(key)) this.#hits.set(key, textOf(row.value))
    let bytes = 0
    for (const [index, key] of this.#keys.entries()) {
      if (!found.has(key)) return
      const own = this.#hits.get(key)?.bytes ?? 0
      if (bytes > 0 && own > 0 && bytes + own > maxAnswerBytes) throw tooLarge(index)
      bytes += own
    }
  }
}

function textOf(value: CacheValue): { readonly hit: TextHit; readonly bytes: number } {
  const { value: plain, encoding } = encode(value)
  const text = JSON.stringify(plain)
  return { hit: { value: asText<string>(text), ...(encoding && { encoding }) }, bytes: Buffer.byteLength(text) }
}

function tooLarge(fit: number): Error {
  const message = `must be fewer: the values of the first ${fit} have ${maxAnswerBytes} bytes at most, and those of all more`
  return cacheError('CACHE_ANSWER_TOO_LARGE', { maxBytes: maxAnswerBytes, fit }, { errors: [{ path: '/keys', message }] })
}
