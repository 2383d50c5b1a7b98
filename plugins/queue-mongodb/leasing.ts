import type { Call } from '../../kernel/plugin.ts'
import type { MongoConnection } from '../../kernel/ports/mongodb/index.ts'
import { type JobRow, type LeaseWanted, maxBytesAtOnce, type Seen } from '../../kernel/ports/queue/index.ts'
import { beginning, toFields, toRow } from './documents.ts'
import type { Places } from './places.ts'

/** When others took all that a lease claimed, it looks at so many times as many, and claims anywhere among them. */
const windowOf = 8
/** How often the first in line may all be taken by others before it is left at that; each time somebody got them. */
const maxRounds = 20

/**
 * Leases the first in line: reads them, claims each while it is as it was read, in one message, and reads by the token what it got. A
 * claim is a change of one document, so no job has two leases.
 */
export async function leaseJobs(connection: MongoConnection, { jobs, paused }: Places, wanted: LeaseWanted, call: Call): Promise<Seen<readonly JobRow[]>> {
  for (let round = 0; round < maxRounds; round++) {
    const raced = round > 0
    const [isPaused, inLine] = await Promise.all([
      connection.get(paused, wanted.queue, call),
      connection.find(jobs, { line: beginning(`${wanted.queue}/`) }, { sort: { line: 1 }, limit: raced ? wanted.max * windowOf : wanted.max, index: 'line' }, call),
    ])
    if (isPaused || inLine.length === 0) break
    const start = raced ? Math.floor(Math.random() * Math.max(1, inLine.length - wanted.max + 1)) : 0
    const first = inLine.slice(start, start + wanted.max)

    const nowMs = await connection.now(call)
    // One whose deadline passed is left to the upkeep.
    const live = first.map(toRow).filter(({ deadlineAt }) => deadlineAt === undefined || deadlineAt > nowMs)
    if (live.length === 0) break
    const claims = withinSize(live).map((row) => ({ filter: { _id: row.id, revision: row.revision, state: 'ready' }, ...toFields(leased(row, wanted, nowMs)) }))
    await connection.change(jobs, claims, call)
    const got = await heldBy(connection, jobs, wanted.token, call)
    if (got.found.length > 0) return got
  }
  return { found: [], nowMs: await connection.now(call) }
}

/** What this lease holds still, in the order of the line. */
export async function heldBy(connection: MongoConnection, jobs: string, token: string, call: Call): Promise<Seen<readonly JobRow[]>> {
  const documents = await connection.find(jobs, { token }, { index: 'token' }, call)
  const nowMs = await connection.now(call)
  const rows = documents.map(toRow).filter(({ leaseUntil }) => leaseUntil !== undefined && leaseUntil > nowMs)
  return { found: rows.sort((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1)), nowMs }
}

function withinSize(rows: readonly JobRow[]): readonly JobRow[] {
  let bytes = 0
  return rows.filter(({ payload }) => {
    const before = bytes
    bytes += payload.length
    return before < maxBytesAtOnce
  })
}

function leased(row: JobRow, { leaseMs, token, worker }: LeaseWanted, nowMs: number): JobRow {
  const until = Math.min(nowMs + leaseMs, row.deadlineAt ?? Number.POSITIVE_INFINITY)
  return { ...row, state: 'active', token, worker, leaseUntil: until, dueAt: until, attempt: row.attempt + 1, revision: row.revision + 1 }
}
