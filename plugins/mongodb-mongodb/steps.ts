import { randomUUID } from 'node:crypto'
import type { ClientSession, Collection } from 'mongodb'
import type { Refusal } from '../../kernel/plugin.ts'
import type { MongoFields, MongoFilter, MongoStep, MongoTarget } from '../../kernel/ports/mongodb/index.ts'
import type { Limits } from './commands.ts'
import { indexOf, isDuplicate, type Sending } from './faults.ts'
import type { Kept } from './kept.ts'

export interface StepOptions extends Limits {
  readonly comment?: Sending
  readonly session?: ClientSession
}

type Refused = Omit<Refusal, 'step'>

const missed: Refused = { reason: 'count' }

/** Applies one step; answers why it is refused. `nowMs` is the server's time. */
export async function applyStep(collection: Collection<Kept>, step: MongoStep, nowMs: number, options: StepOptions): Promise<Refused | undefined> {
  try {
    switch (step.do) {
      case 'insert':
        await collection.insertOne(step.document, options)
        return undefined
      case 'replace': {
        const { matchedCount } = await collection.replaceOne(filterOf(step, nowMs), step.document, options)
        return matchedCount === 1 ? undefined : missed
      }
      case 'delete': {
        const { deletedCount } = await collection.deleteOne(filterOf(step, nowMs), options)
        return deletedCount === 1 ? undefined : missed
      }
      case 'demand':
        return await demand(collection, step, nowMs, options)
      case 'demandNone':
        return await demandNone(collection, step.id, options)
    }
  } catch (error) {
    return uniqueOf(error)
  }
}

/** True for a step that alone in its batch only looks. */
export function isLook({ do: what }: MongoStep): boolean {
  return what === 'demand' || what === 'demandNone'
}

/** A transaction is only refused by others' writes where it wrote itself: so there a document that must stay is changed,
 * and truly: to set what is set already is no write. */
async function demand(collection: Collection<Kept>, step: MongoTarget, nowMs: number, options: StepOptions): Promise<Refused | undefined> {
  const filter = filterOf(step, nowMs)
  if (!options.session) return (await collection.findOne(filter, { ...options, projection: { _id: 1 } })) ? undefined : missed

  const { matchedCount } = await collection.updateOne(filter, { $set: { demanded: randomUUID() } }, options)
  return matchedCount === 1 ? undefined : missed
}

/** The same for an id that must stay free: it is taken, and given back. */
async function demandNone(collection: Collection<Kept>, id: string, options: StepOptions): Promise<Refused | undefined> {
  if (!options.session) return (await collection.findOne({ _id: id }, { ...options, projection: { _id: 1 } })) ? { reason: 'unique', index: 'primary' } : undefined

  await collection.insertOne({ _id: id }, options)
  await collection.deleteOne({ _id: id }, options)
  return undefined
}

/** The change in MongoDB's own words, which know no empty ones. */
export function updateOf({ set, unset = [] }: MongoFields): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  return {
    ...(Object.keys(set).length > 0 && { $set: set }),
    ...(unset.length > 0 && { $unset: Object.fromEntries(unset.map((field) => [field, ''])) }),
  }
}

/** The refusal of an insert, or of a change, by a unique index. @throws what is none */
export function uniqueOf(error: unknown): Refused {
  if (!isDuplicate(error)) throw error
  const index = indexOf(error)
  return { reason: 'unique', ...(index !== undefined && { index }) }
}

function filterOf({ filter, unexpired }: MongoTarget, nowMs: number): MongoFilter {
  return unexpired === undefined ? filter : { ...filter, [unexpired]: { $not: { $lte: new Date(nowMs) } } }
}
