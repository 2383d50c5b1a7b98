import type { Knex } from 'knex'
import type { Params, SqlConnection } from '../../kernel/ports/sql/index.ts'
import { holding } from './rows.ts'

export type LeaseName = 'queue' | 'max' | 'leaseMs' | 'token' | 'worker'

interface LeaseParts {
  readonly knex: Knex
  readonly p: Params<LeaseName>
  readonly jobs: string
  readonly queues: string
  readonly dialect: SqlConnection['dialect']
}

/** Later than any time. */
const never = Number.MAX_SAFE_INTEGER

/** The update that leases the jobs with these ids, unless the queue is paused; one whose deadline passed is left to the upkeep. */
export function leasing({ knex, p, jobs, queues, dialect }: LeaseParts, ids: Knex.QueryBuilder): Knex.QueryBuilder {
  const until = () => knex.raw('case when ?? < ? + ? then ?? else ? + ? end', ['deadline_at', p.now, p.value('leaseMs'), 'deadline_at', p.now, p.value('leaseMs')])
  const plusOne = (column: string) => knex.raw('?? + 1', [column])
  return dialect.onlyPicked(knex(jobs), jobs, ['id'], ids)
    .whereNotExists(knex(queues).select('queue').where({ queue: p.value('queue'), paused: 1 }))
    .whereRaw(`coalesce(??, ${never}) > ?`, ['deadline_at', p.now])
    .update({
      state: 'active', line: null, place: knex.raw(`case when ?? is null then null else ${holding} end`, ['lane']), token: p.value('token'), worker: p.value('worker'),
      lease_until: until(), due_at: until(), attempt: plusOne('attempt'), revision: plusOne('revision'),
    })
}
