import type { Call, Refusal } from '../../kernel/plugin.ts'
import type { MongoConnection } from '../../kernel/ports/mongodb/index.ts'
import { type JobRow, queueError } from '../../kernel/ports/queue/index.ts'
import type { HiddenJobs } from './hidden.ts'

/** What was given up stays known for longer than any call lasts, so that its writer cannot add it after all. */
const givenUpMs = 3_600_000

/**
 * Adds several jobs, all or none, on a server that changes one document at a time. The jobs are hidden; then one document says that the
 * batch is added, which is the moment at which it is; then they are shown. A batch whose writer is gone is finished when it was added,
 * and else given up, by a document with the same id: only one of both can be there.
 */
export class Batches {
  readonly #connection: MongoConnection
  readonly #collection: string
  readonly #hidden: HiddenJobs

  constructor(connection: MongoConnection, collection: string, hidden: HiddenJobs) {
    this.#connection = connection
    this.#collection = collection
    this.#hidden = hidden
  }

  async add(rows: readonly JobRow[], call: Call): Promise<Refusal | undefined> {
    const batch = await this.#hidden.name(call)
    const refusal = await this.#hidden.hide(batch, rows, undefined, call)
    if (refusal) return refusal
    if (!(await this.#decide(batch, 'added', call))) throw queueError('QUEUE_BUSY', { queue: rows[0]?.queue ?? '', id: rows[0]?.id ?? '' }, { retryAfterMs: 100 })
    // It is added, whatever happens now: who meets it later shows what is not shown.
    await this.#finish(batch, () => this.#hidden.show(batch, rows, call), call).catch(() => undefined)
    return undefined
  }

  /** Finishes one that is late, or gives it up. */
  async settle(batch: string, call: Call): Promise<void> {
    await this.#decide(batch, 'given-up', call)
    const decision = await this.#connection.get(this.#collection, batch, call)
    if (decision?.['what'] === 'given-up') return this.#hidden.remove(batch, call)
    await this.#finish(batch, () => this.#hidden.showAll(batch, call), call)
  }

  /** Forgets what was given up long ago. */
  async sweep(call: Call): Promise<void> {
    await this.#connection.remove(this.#collection, { until: { $lte: new Date(await this.#connection.now(call)) } }, call)
  }

  /** False when the other was decided. What is added is forgotten when all is shown. */
  async #decide(batch: string, what: 'added' | 'given-up', call: Call): Promise<boolean> {
    const nowMs = await this.#connection.now(call)
    const document = { _id: batch, what, ...(what === 'given-up' && { until: new Date(nowMs + givenUpMs) }) }
    return (await this.#connection.commit([{ do: 'insert', collection: this.#collection, document }], call)) === undefined
  }

  async #finish(batch: string, show: () => Promise<void>, call: Call): Promise<void> {
    await show()
    await this.#connection.remove(this.#collection, { _id: batch }, call)
  }
}
