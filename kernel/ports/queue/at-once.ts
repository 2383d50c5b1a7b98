import type { JobRow } from './driver.ts'

/** About how many bytes of payloads and results are handed out, or read, at once, and one more job: an answer has to fit in memory. */
export const maxBytesAtOnce = 8 * 1024 ** 2

/** How many of the rows with these sizes, from the first, are read at once. */
export function fittingAtOnce(sizes: readonly number[]): number {
  let bytes = 0
  const over = sizes.findIndex((size) => {
    const full = bytes >= maxBytesAtOnce
    bytes += size
    return full
  })
  return over === -1 ? sizes.length : over
}

/** Whether more may be there than what a backend answered: it counts characters, or bytes of UTF-8, which are no fewer. */
export function mayBeCut(rows: readonly Pick<JobRow, 'payload' | 'result'>[]): boolean {
  return rows.reduce((sum, { payload, result = '' }) => sum + Buffer.byteLength(payload) + Buffer.byteLength(result), 0) >= maxBytesAtOnce
}
