import type { JobRow } from '../../kernel/ports/queue/index.ts'

/** What V8 takes for a job beside its texts, for a key, for each error, and for each answer that is kept: measured with 50,000 jobs of each kind. */
const rowBytes = 780
const keyBytes = 100
const errorBytes = 150
const answerBytes = 230

/** A job as it is kept. It is never changed, but put in place of. */
export interface KeptJob {
  readonly row: JobRow
  /** Ready, and not in line: its lane is full. */
  readonly aside: boolean
  readonly sizeBytes: number
}

export function toKept(given: JobRow): KeptJob {
  // A finished job has no lane: nothing of it counts there any more.
  const row: JobRow = given.finishedAt === undefined ? given : { ...given, lane: undefined, holds: false }
  const texts = sizeOf(row.payload) + sizeOf(row.result ?? '') + (row.key === undefined ? 0 : keyBytes + sizeOf(row.key)) + sizeOf(row.progress?.message ?? '')
  const errors = row.errors.reduce((sum, { message, code = '' }) => sum + errorBytes + sizeOf(message) + sizeOf(code), 0)
  return { row, aside: false, sizeBytes: rowBytes + texts + errors + row.answers.length * answerBytes }
}

/** V8 keeps a text in one byte a character, or in two when one of them needs it. */
function sizeOf(text: string): number {
  return isOneByte.test(text) ? text.length : text.length * 2
}

const isOneByte = /^[\0-\xff]*$/

/** Above every time, and below every rank when it is negative. */
const farMs = 2 ** 52

/** A text in the order of the time, then of the id. */
export function timeKey(atMs: number, id: string): string {
  return `${String(Math.min(farMs, Math.max(-farMs, Math.floor(atMs))) + farMs).padStart(16, '0')}${id}`
}
