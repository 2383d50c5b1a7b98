import { randomUUID } from 'node:crypto'
import type { Call, Refusal } from '../../kernel/plugin.ts'
import type { MongoConnection, MongoDocument } from '../../kernel/ports/mongodb/index.ts'
import type { JobRow } from '../../kernel/ports/queue/index.ts'
import { orderFields, ordersOf, timeText, toDocument, toRow } from './documents.ts'

/** So long after its jobs were written a batch is settled by whoever meets it: its writer is gone, or very late. */
export const lateMs = 10_000

/** The change of a schedule that decides whether its tick's jobs are added. */
export interface Tick {
  readonly schedule: string
  /** The schedule is as the writer of the jobs saw it while it has this. */
  readonly fence: string
}

/** A batch that is late; without a tick, a document in `batches` decides it. */
export interface LateBatch {
  readonly batch: string
  readonly tick?: Tick | undefined
}

const hiddenFields = ['batch', 'tick'] as const

/** Jobs that are written, found by their id and their key alone, and not added yet: a change of one document decides that, for all of a batch. */
export class HiddenJobs {
  readonly #connection: MongoConnection
  readonly #jobs: string

  constructor(connection: MongoConnection, jobs: string) {
    this.#connection = connection
    this.#jobs = jobs
  }

  /** A name for a batch; in their order the oldest is the first. */
  async name(call: Call): Promise<string> {
    return `${timeText(await this.#connection.now(call))}${randomUUID()}`
  }

  /** All or none; the refusal tells whose id or key is taken. */
  async hide(batch: string, rows: readonly JobRow[], tick: Tick | undefined, call: Call): Promise<Refusal | undefined> {
    const refusal = await this.#connection.insert(this.#jobs, rows.map((row) => hidden(row, { batch, ...(tick && { tick }) })), call)
    if (refusal) await this.remove(batch, call)
    return refusal
  }

  /** Each comes into its orders, once, whoever shows it; what was shown may be anything by now, and is left. */
  async show(batch: string, rows: readonly JobRow[], call: Call): Promise<void> {
    await this.#connection.change(this.#jobs, rows.map((row) => ({ filter: { _id: row.id, batch }, set: ordersOf(row), unset: hiddenFields })), call)
  }

  /** Shows those of a batch that are hidden still. */
  async showAll(batch: string, call: Call): Promise<void> {
    const documents = await this.#connection.find(this.#jobs, { batch }, { index: 'batch' }, call)
    await this.show(batch, documents.map(toRow), call)
  }

  async remove(batch: string, call: Call): Promise<void> {
    await this.#connection.remove(this.#jobs, { batch }, call)
  }

  /** The oldest that is late. */
  async late(call: Call): Promise<LateBatch | undefined> {
    const before = timeText((await this.#connection.now(call)) - lateMs + 1)
    const [first] = await this.#connection.find(this.#jobs, { batch: { $lt: before } }, { sort: { batch: 1 }, limit: 1, index: 'batch', only: ['batch', 'tick'] }, call)
    // Written by `hide`.
    return first && { batch: String(first['batch']), tick: first['tick'] as Tick | undefined }
  }
}

/** True for a job that may still be given up. */
export function isHidden(document: MongoDocument): boolean {
  return 'batch' in document
}

function hidden(row: JobRow, batch: { readonly batch: string; readonly tick?: Tick }): MongoDocument {
  const document = Object.entries(toDocument(row)).filter(([field]) => field === 'key' || !(orderFields as readonly string[]).includes(field))
  return { _id: row.id, ...Object.fromEntries(document), ...batch }
}
