import type { Call } from '../../kernel/plugin.ts'
import type { MongoConnection } from '../../kernel/ports/mongodb/index.ts'

/** How long the answer to a lease request is kept; and how long the request of one who went away before it had jobs. */
const keepMs = 600_000
const reservedMs = 30_000

/** Lease requests with a `requestId`: each is taken before the lease, so that of two who ask at once one leases. */
export class Requests {
  readonly #connection: MongoConnection
  readonly #collection: string

  constructor(connection: MongoConnection, collection: string) {
    this.#connection = connection
    this.#collection = collection
  }

  /** The token of the lease. */
  async get(queue: string, requestId: string, call: Call): Promise<string | undefined> {
    const [found, nowMs] = await Promise.all([this.#connection.get(this.#collection, idOf(queue, requestId), call), this.#connection.now(call)])
    return found && (found['until'] as Date).getTime() > nowMs ? String(found['token']) : undefined
  }

  /** False when another has it. */
  async take(queue: string, requestId: string, token: string, call: Call): Promise<boolean> {
    const nowMs = await this.#connection.now(call)
    const id = idOf(queue, requestId)
    await this.#connection.remove(this.#collection, { _id: id, until: { $lte: new Date(nowMs) } }, call)
    const document = { _id: id, token, until: new Date(nowMs + reservedMs) }
    return (await this.#connection.commit([{ do: 'insert', collection: this.#collection, document }], call)) === undefined
  }

  /** It got jobs, or none: then it may be made again. */
  async end(queue: string, requestId: string, token: string, got: boolean, call: Call): Promise<void> {
    const filter = { _id: idOf(queue, requestId), token }
    if (got) await this.#connection.change(this.#collection, [{ filter, set: { until: new Date((await this.#connection.now(call)) + keepMs) } }], call)
    else await this.#connection.remove(this.#collection, filter, call)
  }

  async sweep(call: Call): Promise<void> {
    await this.#connection.remove(this.#collection, { until: { $lte: new Date(await this.#connection.now(call)) } }, call)
  }
}

function idOf(queue: string, requestId: string): string {
  // No queue's name has a slash.
  return `${queue}/${requestId}`
}
