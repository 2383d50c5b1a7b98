import type { MongoDocument, MongoFields } from '../../kernel/ports/mongodb/index.ts'
import type { JobRow, JobState } from '../../kernel/ports/queue/index.ts'

/** What time does to a job: a scheduled one is ready, a lease or a deadline is over, a finished one goes. */
export type Turn = 'scheduled' | 'lapsing' | 'finished'

const turnOf: Readonly<Record<JobState, Turn>> = { scheduled: 'scheduled', ready: 'lapsing', active: 'lapsing', done: 'finished', dead: 'finished', cancelled: 'finished' }

/** Where a job is found: each is one text, in the order of its index; a job that does not stand in that order has no such field. */
export const orderFields = ['line', 'due', 'listed', 'oldest', 'token', 'key'] as const

/** Above every time, and below every rank when it is negative. */
const farMs = 2 ** 52
const timeLength = 16

/** A text in the order of the time. Queues' and states' names have no slash. */
export function timeText(atMs: number): string {
  return String(Math.min(farMs, Math.max(-farMs, Math.floor(atMs))) + farMs).padStart(timeLength, '0')
}

/** The time that such a text begins with. */
export function timeOf(text: string): number {
  return Number(text.slice(0, timeLength)) - farMs
}

/** What begins with the text. */
export function beginning(text: string): { readonly $gte: string; readonly $lt: string } {
  return { $gte: text, $lt: `${text}~` }
}

/** The fields by which a job is found. */
export function ordersOf(row: JobRow): Readonly<Record<string, string>> {
  const { id, queue, state, dueAt, token, key } = row
  return {
    ...(state === 'ready' && { line: `${queue}/${timeText(row.rank)}${id}`, oldest: `${queue}/${timeText(row.runAt)}${id}` }),
    ...(dueAt !== undefined && { due: `${turnOf[state]}/${timeText(dueAt)}${id}` }),
    listed: `${queue}/${state}/${timeText(row.finishedAt ?? row.enqueuedAt)}${id}`,
    ...(state === 'active' && token !== undefined && { token }),
    ...(key !== undefined && { key: `${queue}/${key}` }),
  }
}

/** A job as MongoDB keeps it: the row, and the fields by which it is found. */
export function toDocument(row: JobRow): MongoDocument {
  const { id, ...kept } = row
  return { _id: id, row: clean(kept), state: row.state, revision: row.revision, leaseUntil: row.leaseUntil ?? 0, size: row.payload.length + (row.result?.length ?? 0), ...ordersOf(row) }
}

/** The change that makes a job's document another; what only its row had is gone. */
export function toFields(row: JobRow): MongoFields {
  const { _id, ...set } = toDocument(row)
  return { set, unset: orderFields.filter((field) => !(field in set)) }
}

export function toRow(document: MongoDocument): JobRow {
  // Written by `toDocument`.
  return { ...(document['row'] as Omit<JobRow, 'id'>), id: document._id }
}

/** Without what is undefined, which BSON would keep as null. */
function clean<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as Partial<T>
}
