import { randomUUID } from 'node:crypto'
import type { Call, Refusal } from '../../kernel/plugin.ts'
import type { MongoConnection, MongoDocument } from '../../kernel/ports/mongodb/index.ts'
import { type JobRow, queueError } from '../../kernel/ports/queue/index.ts'
import { ordersOf, orderFields, toDocument, toRow } from './documents.ts'
import type { Places } from './places.ts'

/** So long after its jobs were written a batch is finished by whoever meets it: its writer is gone, or very late. */
const lateMs = 10_000
/** What was given up stays known for longer than any call lasts, so that its writer cannot add it after all. */
const givenUpMs = 3_600_000
const hiddenFields = ['batch', 'batchAt'] as const

/**
 * Adds several jobs, all or none, on a server that changes one document at a time. The jobs are written where nothing finds them; then
 * one document says that the batch is added, which is the moment at which it is; then each job comes into its orders. A batch whose
 * writer is gone is finished when it was added, and else given up, by a document with the same id: only one of both can be there.
 */
export class Batches {
  readonly #connection: MongoConnection
  readonly #places: Places

  constructor(connection: MongoConnection, places: Places) {
    this.#connection = connection
    this.#places = places
  }

  async add(rows: readonly JobRow[], call: Call): Promise<Refusal | undefined> {
    const batch = randomUUID()
    const batchAt = new Date(await this.#connection.now(call))
    const refusal = await this.#connection.insert(this.#places.jobs, rows.map((row) => hidden(row, batch, batchAt)), call)
    if (refusal) {
      await this.#removeHidden(batch, call)
      return refusal
    }
    if (!(await this.#decide(batch, 'added', call))) throw queueError('QUEUE_BUSY', { queue: rows[0]?.queue ?? '', id: rows[0]?.id ?? '' }, { retryAfterMs: 100 })
    // It is added, whatever happens now: who meets it later shows what is not shown.
    await this.#finish(batch, rows, call).catch(() => undefined)
    return undefined
  }

  /** When the first batch is late; undefined when none is under way. */
  async due(call: Call): Promise<number | undefined> {
    const [first] = await this.#connection.find(this.#places.jobs, { batchAt: { $exists: true } }, { sort: { batchAt: 1 }, limit: 1, index: 'batchAt', only: ['batchAt'] }, call)
    return first && (first['batchAt'] as Date).getTime() + lateMs
  }

  /** Finishes what is late, and forgets what was given up long ago. */
  async sweep(call: Call): Promise<void> {
    const nowMs = await this.#connection.now(call)
    const late = await this.#connection.find(this.#places.jobs, { batchAt: { $lte: new Date(nowMs - lateMs) } }, { sort: { batchAt: 1 }, limit: 1, index: 'batchAt' }, call)
    for (const batch of new Set(late.map((document) => String(document['batch'])))) await this.#settle(batch, call)
    await this.#connection.remove(this.#places.batches, { until: { $lte: new Date(nowMs) } }, call)
  }

  async #settle(batch: string, call: Call): Promise<void> {
    await this.#decide(batch, 'given-up', call)
    const decision = await this.#connection.get(this.#places.batches, batch, call)
    if (decision?.['what'] === 'given-up') return this.#removeHidden(batch, call)
    const documents = await this.#connection.find(this.#places.jobs, { batch }, {}, call)
    await this.#finish(batch, documents.map(toRow), call)
  }

  /** False when the other was decided. What is added is forgotten when all is shown. */
  async #decide(batch: string, what: 'added' | 'given-up', call: Call): Promise<boolean> {
    const nowMs = await this.#connection.now(call)
    const document = { _id: batch, what, ...(what === 'given-up' && { until: new Date(nowMs + givenUpMs) }) }
    return (await this.#connection.commit([{ do: 'insert', collection: this.#places.batches, document }], call)) === undefined
  }

  async #finish(batch: string, rows: readonly JobRow[], call: Call): Promise<void> {
    await this.#connection.change(this.#places.jobs, rows.map((row) => ({ filter: { _id: row.id, batch }, set: ordersOf(row), unset: hiddenFields })), call)
    await this.#connection.remove(this.#places.batches, { _id: batch }, call)
  }

  async #removeHidden(batch: string, call: Call): Promise<void> {
    await this.#connection.remove(this.#places.jobs, { batch }, call)
  }
}

/** A job that is found by its id and its key alone. */
function hidden(row: JobRow, batch: string, batchAt: Date): MongoDocument {
  const document = Object.entries(toDocument(row)).filter(([field]) => field === 'key' || !(orderFields as readonly string[]).includes(field))
  return { _id: row.id, ...Object.fromEntries(document), batch, batchAt }
}

/** True for a job that may still be given up. */
export function isHidden(document: MongoDocument): boolean {
  return 'batch' in document
}
