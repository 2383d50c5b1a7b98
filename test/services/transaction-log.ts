import { BSON, type Db, type Document, type MongoClient, MongoServerError } from 'mongodb'
import { faithful, type Message } from './mongodb-wire.ts'

interface Running {
  readonly key: string
  readonly undo: (() => Promise<unknown>)[]
  release(): void
}

const ended = { ok: 0, code: 251, codeName: 'NoSuchTransaction', errmsg: 'no such transaction', errorLabels: ['TransientTransactionError'] }
const alone: ReadonlySet<string> = new Set(['hello', 'ismaster', 'isMaster', 'ping', 'endSessions', 'killCursors'])
const ofTransactions = ['lsid', 'txnNumber', 'startTransaction', 'autocommit', '$clusterTime', '$db', '$readPreference'] as const

/** Runs commands on a server without transactions as one with them would: one transaction at a time, and nothing beside it. */
export class TransactionLog {
  readonly #upstream: MongoClient
  /** What the numbered writes were answered. */
  readonly #answers = new Map<string, Document>()
  #running: Running | undefined
  #last: Promise<void> = Promise.resolve()

  constructor(upstream: MongoClient) {
    this.#upstream = upstream
  }

  async run(name: string, { command }: Message): Promise<Document> {
    if (alone.has(name)) return this.#send(command)
    const key = command['txnNumber'] === undefined ? undefined : `${BSON.EJSON.stringify(command['lsid'])} ${String(command['txnNumber'])}`
    if (command['autocommit'] === undefined) return this.#single(key, command)

    if (command['startTransaction'] === true) this.#running = { key: key ?? '', undo: [], release: await this.#enter() }
    const running = this.#running
    if (running?.key !== key) return (name === 'commitTransaction' && this.#answers.get(key ?? '')) || ended
    if (name === 'commitTransaction') return this.#end(running, { ok: 1 })
    if (name !== 'abortTransaction') {
      const undo = await this.#undoOf(name, command)
      const answer = await this.#send(command)
      if (isDone(answer)) running?.undo.push(...undo)
      return answer
    }
    for (const undo of running?.undo.toReversed() ?? []) await undo()
    return this.#end(running, { ok: 1 })
  }

  /** A write that is sent again is not done again. */
  async #single(key: string | undefined, command: Document): Promise<Document> {
    const leave = await this.#enter()
    try {
      const known = key === undefined ? undefined : this.#answers.get(key)
      const answer = known ?? (await this.#send(command))
      if (key !== undefined) this.#answers.set(key, answer)
      return answer
    } finally {
      leave()
    }
  }

  #end(running: Running | undefined, answer: Document): Document {
    if (running) this.#answers.set(running.key, answer)
    this.#running = undefined
    running?.release()
    return answer
  }

  async #enter(): Promise<() => void> {
    const before = this.#last
    const turn = Promise.withResolvers<undefined>()
    this.#last = before.then(() => turn.promise)
    await before
    return () => turn.resolve(undefined)
  }

  /** How what a command is about to do is taken back. */
  async #undoOf(name: string, command: Document): Promise<(() => Promise<unknown>)[]> {
    const collection = this.#db(command).collection<{ _id: string }>(String(command[name]))
    if (name === 'insert') return (command['documents'] as readonly { readonly _id: string }[]).map(({ _id }) => () => collection.deleteOne({ _id }))
    if (name !== 'update' && name !== 'delete') return []
    const [target] = command[`${name}s`] as readonly { readonly q: Document }[]
    const before = await collection.findOne(target?.q ?? {}, faithful)
    return before ? [() => collection.replaceOne({ _id: before._id }, before, { upsert: true })] : []
  }

  async #send(command: Document): Promise<Document> {
    const plain = Object.fromEntries(Object.entries(command).filter(([field]) => !(ofTransactions as readonly string[]).includes(field)))
    try {
      return await this.#db(command).command(plain, faithful)
    } catch (error) {
      if (error instanceof MongoServerError) return { ...error.errorResponse, ok: 0 }
      throw error
    }
  }

  #db(command: Document): Db {
    return this.#upstream.db(typeof command['$db'] === 'string' ? command['$db'] : 'admin')
  }
}

function isDone(answer: Document): boolean {
  return Number(answer['ok']) === 1 && answer['writeErrors'] === undefined
}
