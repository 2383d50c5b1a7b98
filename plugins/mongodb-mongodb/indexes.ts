import { type Db, MongoServerError } from 'mongodb'
import type { Call } from '../../kernel/plugin.ts'
import type { MongoIndex } from '../../kernel/ports/mongodb/index.ts'
import type { Commands } from './commands.ts'
import { duplicateOf, isDuplicate } from './faults.ts'

const noSuchNamespace = 26
const noSuchIndex = 27

/** Looks at a collection's indexes, and makes and drops them. */
export class IndexStore {
  readonly #db: Db
  readonly #commands: Commands

  constructor(db: Db, commands: Commands) {
    this.#db = db
    this.#commands = commands
  }

  names(collection: string, call: Call): Promise<readonly string[] | undefined> {
    return this.#commands.read(call, async ({ signal, maxTimeMS }) => {
      const [found] = await this.#db.listCollections({ name: collection }, { signal, maxTimeMS }).toArray().then((all) => all.filter(({ name }) => name === collection))
      if (!found) return undefined
      const indexes = await this.#db.collection(collection).listIndexes({ maxTimeMS }).toArray()
      return indexes.map(({ name }) => String(name)).filter((name) => name !== '_id_')
    })
  }

  /** Made again, it answers as the first time: so an answer that was lost is asked for once more by whoever starts next. */
  create(collection: string, { name, field, unique }: MongoIndex, call: Call): Promise<{ readonly value: unknown } | undefined> {
    return this.#commands.read(call, async ({ maxTimeMS }) => {
      try {
        await this.#db.collection(collection).createIndex({ [field]: 1 }, { name, sparse: true, unique }, { maxTimeMS })
        return undefined
      } catch (error) {
        if (unique && isDuplicate(error)) return { value: duplicateOf(error, field) }
        throw error
      }
    })
  }

  drop(collection: string, name: string, call: Call): Promise<void> {
    return this.#commands.read(call, async ({ maxTimeMS }) => {
      try {
        await this.#db.collection(collection).dropIndex(name, { maxTimeMS })
      } catch (error) {
        const gone = error instanceof MongoServerError && (error.code === noSuchIndex || error.code === noSuchNamespace)
        if (!gone) throw error
      }
    })
  }
}
