import type { Collection, Db } from 'mongodb'
import type { Call } from '../../kernel/plugin.ts'
import type { MongoDocument, MongoLook } from '../../kernel/ports/mongodb/index.ts'
import type { Commands } from './commands.ts'
import { isDuplicate } from './faults.ts'
import type { Kept } from './kept.ts'

/** An aggregation has to start from a document, for MongoDB before 5.1 knows no `$documents`: this one. */
const start = 'start'

/** Several looks as one aggregation, each a `$lookup` with a pipeline of its own. */
export class Firsts {
  readonly #collection: Collection<Kept>
  readonly #commands: Commands

  constructor(db: Db, commands: Commands) {
    this.#collection = db.collection<Kept>('portico_start')
    this.#commands = commands
  }

  async of(looks: readonly MongoLook[], call: Call): Promise<readonly (MongoDocument | undefined)[]> {
    const pipeline = [{ $match: { _id: start } }, ...looks.map((look, at) => ({ $lookup: { from: look.collection, as: `look${at}`, pipeline: stagesOf(look) } }))]
    const found = (await this.#first(pipeline, call)) ?? (await this.#started(pipeline, call))
    // As the pipeline made it.
    return looks.map((_, at) => (found?.[`look${at}`] as readonly MongoDocument[] | undefined)?.[0])
  }

  async #first(pipeline: object[], call: Call): Promise<MongoDocument | undefined> {
    const [found] = await this.#commands.read(call, (limits) => this.#collection.aggregate<MongoDocument>(pipeline, limits).toArray())
    return found
  }

  /** Makes the document; another may make it at once. */
  async #started(pipeline: object[], call: Call): Promise<MongoDocument | undefined> {
    await this.#commands.write(call, async (limits) => {
      try {
        await this.#collection.insertOne({ _id: start }, limits)
      } catch (error) {
        if (!isDuplicate(error)) throw error
      }
    })
    return this.#first(pipeline, call)
  }
}

function stagesOf({ filter, sort, only }: MongoLook): readonly object[] {
  return [{ $match: filter }, ...(sort ? [{ $sort: sort }] : []), { $limit: 1 }, { $project: Object.fromEntries(only.map((field) => [field, 1])) }]
}
