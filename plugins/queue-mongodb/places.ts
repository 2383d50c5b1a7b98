import type { Call } from '../../kernel/plugin.ts'
import type { MongoConnection } from '../../kernel/ports/mongodb/index.ts'

/** The collections of one binding. */
export interface Places {
  readonly jobs: string
  /** Lease requests with a `requestId`, and the lease that each got. */
  readonly requests: string
  /** Queues that are paused. */
  readonly paused: string
  /** What became of batches of jobs: added, or given up. */
  readonly batches: string
  readonly schedules: string
}

export function placesOf(binding: string): Places {
  const prefix = binding.replace('.', '_')
  return { jobs: `${prefix}__jobs`, requests: `${prefix}__requests`, paused: `${prefix}__paused`, batches: `${prefix}__batches`, schedules: `${prefix}__schedules` }
}

/** Every index is of one field, and has those documents alone that stand in its order. */
const indexes: Readonly<Partial<Record<keyof Places, readonly string[]>>> = {
  jobs: ['line', 'due', 'listed', 'oldest', 'token', 'key', 'batch'],
  requests: ['until'],
  batches: ['until'],
  schedules: ['nextAt'],
}
const unique: ReadonlySet<string> = new Set(['key'])

/** Makes what is missing; where nothing is, it only looks. */
export async function prepare(connection: MongoConnection, places: Places, call: Call): Promise<void> {
  for (const [place, fields] of Object.entries(indexes)) {
    const collection = places[place as keyof Places]
    const found = (await connection.indexes(collection, call)) ?? []
    // One that is there stays: two replicas that start at once may both make it.
    for (const field of fields) if (!found.includes(field)) await connection.createIndex(collection, { name: field, field, unique: unique.has(field) }, call)
  }
}
