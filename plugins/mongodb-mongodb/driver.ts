import { type Collection, type Db, MongoBulkWriteError, type MongoClient } from 'mongodb'
import { type Call, isPorticoError, type Refusal } from '../../kernel/plugin.ts'
import { databaseError, type MongoChange, type MongoConnection, type MongoDocument, mongoError, type MongoFilter, type MongoFind, type MongoIndex, type MongoLook, type MongoStep } from '../../kernel/ports/mongodb/index.ts'
import { bsonOptions } from './bson.ts'
import { internalCall, within } from './calls.ts'
import { Commands } from './commands.ts'
import { commitOne, commitTogether, type CommitParts } from './commit.ts'
import { DeadlinePassed } from './faults.ts'
import { Firsts } from './firsts.ts'
import { IndexStore } from './indexes.ts'
import type { Kept } from './kept.ts'
import { holdLock } from './lock.ts'
import { LockCollection } from './lock-collection.ts'
import type { Opened } from './open.ts'
import { uniqueOf, updateOf } from './steps.ts'
import { ServerTime } from './server-time.ts'

/** What the client sets for all that is no bare command. */
const readConcern = { level: 'majority' } as const

interface FirstBatch {
  readonly cursor?: { readonly firstBatch: readonly MongoDocument[] }
}

/** One database of one MongoDB. */
export class MongodbConnection implements MongoConnection {
  readonly hasTransactions: boolean
  readonly #client: MongoClient
  readonly #db: Db
  readonly #commands: Commands
  readonly #time: ServerTime
  readonly #indexes: IndexStore
  readonly #firsts: Firsts
  readonly #locks: LockCollection

  constructor(connection: string, { client, db, hasTransactions, settings, monitoring }: Opened) {
    this.hasTransactions = hasTransactions
    this.#client = client
    this.#db = db
    this.#commands = new Commands(connection, settings, monitoring)
    this.#time = new ServerTime(() => this.#askTime(settings.acquireTimeoutMs))
    this.#indexes = new IndexStore(db, this.#commands)
    this.#firsts = new Firsts(db, this.#commands)
    this.#locks = new LockCollection(this.#in('portico_locks'), this.#commands, (call) => this.now(call))
  }

  async get(collection: string, id: string, call: Call): Promise<MongoDocument | undefined> {
    try {
      // A third less work for the SDK than its `findOne`, which makes a cursor; but it sends no command again.
      return await this.#commands.read(call, async (limits) => {
        const answer: FirstBatch = await this.#db.command({ find: collection, filter: { _id: id }, limit: 1, singleBatch: true, readConcern, maxTimeMS: limits.maxTimeMS }, { ...limits, ...bsonOptions })
        return answer.cursor?.firstBatch[0]
      })
    } catch (error) {
      if (!isPorticoError(error) || error.code !== 'DATABASE_UNAVAILABLE') throw error
      return (await this.#commands.read(call, (limits) => this.#in(collection).findOne({ _id: id }, limits))) ?? undefined
    }
  }

  find(collection: string, filter: MongoFilter, { sort, limit, index, only }: MongoFind, call: Call): Promise<readonly MongoDocument[]> {
    return this.#commands.read(call, (limits) => this.#in(collection).find(filter, {
      ...limits,
      ...(sort && { sort }), ...(index !== undefined && { hint: index }),
      // One batch, so that a page is one round trip.
      ...(limit !== undefined && { limit, batchSize: limit }),
      ...(only && { projection: Object.fromEntries(only.map((field) => [field, 1])) }),
    }).toArray())
  }

  firsts(looks: readonly MongoLook[], call: Call): Promise<readonly (MongoDocument | undefined)[]> {
    return this.#firsts.of(looks, call)
  }

  count(collection: string, filter: MongoFilter, index: string | undefined, call: Call): Promise<number> {
    return this.#commands.read(call, (limits) => this.#in(collection).countDocuments(filter, { ...limits, ...(index !== undefined && { hint: index }) }))
  }

  async commit(steps: readonly MongoStep[], call: Call): Promise<Refusal | undefined> {
    const [only] = steps
    if (!only) return undefined
    const parts: CommitParts = { client: this.#client, commands: this.#commands, in: (collection) => this.#in(collection), nowMs: await this.now(call) }
    if (steps.length === 1) return commitOne(parts, only, call)
    if (!this.hasTransactions) throw mongoError('DATABASE_NO_TRANSACTIONS', { connection: this.#commands.connection })
    return commitTogether(parts, steps, call)
  }

  async insert(collection: string, documents: readonly MongoDocument[], call: Call): Promise<Refusal | undefined> {
    if (documents.length === 0) return undefined
    return this.#commands.write(call, async (limits) => {
      try {
        await this.#in(collection).insertMany(documents, { ...limits, ordered: true })
        return undefined
      } catch (error) {
        return { step: refusedIn(error), ...uniqueOf(error) }
      }
    })
  }

  async change(collection: string, changes: readonly MongoChange[], call: Call): Promise<void> {
    if (changes.length === 0) return
    const operations = changes.map(({ filter, ...fields }) => ({ updateOne: { filter, update: updateOf(fields) } }))
    await this.#commands.write(call, (limits) => this.#in(collection).bulkWrite(operations, { ...limits, ordered: false }))
  }

  async remove(collection: string, filter: MongoFilter, call: Call): Promise<number> {
    const { deletedCount } = await this.#commands.write(call, (limits) => this.#in(collection).deleteMany(filter, limits))
    return deletedCount
  }

  indexes(collection: string, call: Call): Promise<readonly string[] | undefined> {
    return this.#indexes.names(collection, call)
  }

  createIndex(collection: string, index: MongoIndex, call: Call): Promise<{ readonly value: unknown } | undefined> {
    return this.#indexes.create(collection, index, call)
  }

  dropIndex(collection: string, name: string, call: Call): Promise<void> {
    return this.#indexes.drop(collection, name, call)
  }

  async drop(collection: string, call: Call): Promise<void> {
    await this.#commands.write(call, (limits) => this.#in(collection).drop(limits))
  }

  async now(call: Call): Promise<number> {
    const time = this.#time.now()
    if (typeof time === 'number') return time
    try {
      return await within(call, time)
    } catch (error) {
      throw error instanceof DeadlinePassed ? databaseError(this.#commands.connection, 'busy', '', error) : error
    }
  }

  lock<T>(name: string, call: Call, body: () => Promise<T>): Promise<T> {
    return holdLock(this.#locks, name, call, () => databaseError(this.#commands.connection, 'busy', 'the lock did not come free within the deadline'), body)
  }

  async health(call: Call): Promise<void> {
    await this.#commands.read(call, (limits) => this.#db.command({ ping: 1 }, limits))
  }

  #in(collection: string): Collection<Kept> {
    return this.#db.collection<Kept>(collection)
  }

  /** Asked for all who wait, so within a time of its own. */
  #askTime(timeoutMs: number): Promise<number> {
    return this.#commands.read(internalCall(timeoutMs), async (limits) => {
      const { localTime } = await this.#db.command({ hello: 1 }, limits)
      if (!(localTime instanceof Date)) throw new Error('the server tells no time (`hello` without `localTime`)')
      return localTime.getTime()
    })
  }
}

/** Which document was refused. The count of those before it is not told rightly by every server. */
function refusedIn(error: unknown): number {
  const [first] = error instanceof MongoBulkWriteError ? [error.writeErrors].flat() : []
  return first?.index ?? 0
}
