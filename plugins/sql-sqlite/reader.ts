import type { Call, Log } from '../../kernel/plugin.ts'
import type { SqlValue, Statement } from '../../kernel/ports/sql/index.ts'
import { databaseError } from '../../kernel/ports/sql/index.ts'
import type { OpenOptions } from './database.ts'
import { toDatabaseError } from './faults.ts'
import type { ReaderAnswer, ReaderMessage } from './protocol.ts'
import { packParams, unpackValue } from './protocol.ts'
import { Thread } from './thread.ts'
import { sizeOf } from './values.ts'

const mostWaiting = 1_000

interface Query {
  readonly message: ReaderMessage
  readonly rows: Record<string, SqlValue>[]
  readonly call: Call
  readonly resolve: (rows: Record<string, SqlValue>[]) => void
  readonly reject: (error: Error) => void
}

/** Long queries, one after the other on a thread of their own, which is started with the first of them. */
export class Reader {
  readonly #connection: string
  readonly #thread: Thread
  readonly #waiting: Query[] = []
  #running: Query | undefined
  #lastId = 0
  #sweep: NodeJS.Timeout | undefined

  constructor(connection: string, open: OpenOptions, log: Log) {
    this.#connection = connection
    this.#thread = new Thread({ role: 'reader', open }, log, {
      ready: () => this.#next(),
      message: (answer) => this.#take(answer as ReaderAnswer),
      crashed: () => {
        this.#end((query) => query.reject(databaseError(connection, 'unavailable', 'the reading thread ended')))
      },
    })
  }

  query({ sql, params }: Statement, call: Call): Promise<Record<string, SqlValue>[]> {
    if (this.#thread.hasFailed) throw databaseError(this.#connection, 'unavailable', 'the reading thread crashed too often')
    if (this.#waiting.length >= mostWaiting) throw databaseError(this.#connection, 'busy', 'too many queries wait')

    for (const value of params) sizeOf(value)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ message: { id: ++this.#lastId, sql, params: packParams(params) }, rows: [], call, resolve, reject })
      this.#sweep ??= setInterval(() => this.#tick(), 100).unref()
      this.#next()
    })
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep)
    await this.#thread.close()
    const closed = databaseError(this.#connection, 'unavailable', 'the connection is closed')
    for (const query of this.#waiting.splice(0)) query.reject(closed)
    this.#running?.reject(closed)
  }

  #next(): void {
    if (this.#running || this.#waiting.length === 0) return
    if (this.#thread.hasFailed) {
      for (const query of this.#waiting.splice(0)) query.reject(databaseError(this.#connection, 'unavailable', 'the reading thread crashed too often'))
      return
    }
    this.#thread.start()
    if (!this.#thread.isReady) return

    this.#running = this.#waiting.shift()
    if (!this.#running) return
    this.#thread.hold()
    this.#thread.post(this.#running.message)
  }

  #take(answer: ReaderAnswer): void {
    const query = this.#running
    if (query?.message.id !== answer.id) return
    const { columns, values } = answer
    for (let at = 0; at < values.length; at += columns.length) {
      const row: Record<string, SqlValue> = {}
      columns.forEach((column, offset) => (row[column] = unpackValue(values[at + offset] ?? null)))
      query.rows.push(row)
    }
    if (!answer.done) return
    this.#end(() => {
      if (!answer.error) return query.resolve(query.rows)
      query.reject(toDatabaseError(this.#connection, Object.assign(new Error(answer.error.message), { code: answer.error.code })))
    })
  }

  #end(tell: (query: Query) => void): void {
    const query = this.#running
    this.#running = undefined
    this.#thread.rest()
    if (query) tell(query)
    this.#next()
  }

  /** A query cannot be interrupted: a late caller is told, and what still comes for it is dropped. */
  #tick(): void {
    if (!this.#running && this.#waiting.length === 0) {
      clearInterval(this.#sweep)
      this.#sweep = undefined
      return
    }
    const late = databaseError(this.#connection, 'busy', 'no answer within the deadline')
    if (this.#running && this.#running.call.remainingMs() <= 0) this.#running.reject(late)
    for (let at = this.#waiting.length - 1; at >= 0; at--) {
      const query = this.#waiting[at]
      if (query && query.call.remainingMs() <= 0) {
        this.#waiting.splice(at, 1)
        query.reject(late)
      }
    }
  }
}
