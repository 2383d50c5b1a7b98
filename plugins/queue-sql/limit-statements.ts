import type { Knex } from 'knex'
import { type LeaseLimits, maxBytesAtOnce } from '../../kernel/ports/queue/index.ts'
import type { Params, SqlConnection, SqlValue } from '../../kernel/ports/sql/index.ts'
import { leasing, type LeaseName } from './leases.ts'
import { holding, inLine, setAside } from './rows.ts'
import type { Tables } from './tables.ts'

/** More than any limit. */
const unlimited = 2 ** 40

type LimitName = 'concurrent' | 'perKey' | 'rated' | 'costUs' | 'bucketUs'
type JudgedName = LeaseName | LimitName | 'examined'

/** What a queue's limits are to the statements: `costUs` is how long the bucket takes to fill for one job. */
export function limitValues({ concurrent, perKey, rate }: LeaseLimits): Record<LimitName, SqlValue> {
  const costUs = rate ? Math.max(1, Math.round((rate.perMs * 1_000) / rate.jobs)) : 0
  return { concurrent: concurrent ?? unlimited, perKey: perKey ?? unlimited, rated: rate ? 1 : 0, costUs, bucketUs: rate ? costUs * rate.jobs : 0 }
}

export type LimitStatements = ReturnType<typeof makeLimitStatements>

/**
 * Leases under limits. All that counts against a limit passes one at a time: each program first takes the queue's row (`turn`),
 * so that what it counts stays so until it commits.
 */
export function makeLimitStatements({ shape, dialect }: Pick<SqlConnection, 'shape' | 'dialect'>, { jobs, queues }: Tables) {
  const firstInLine = <N extends 'queue' | 'examined'>(knex: Knex, p: Params<N | 'queue' | 'examined'>, columns: readonly string[]) =>
    knex(jobs).select(...columns).where('line', p.value('queue')).orderBy(['rank', 'id']).limit(p.limit('examined'))
  /** How many jobs hold in the lane of a row of `of`. */
  const holders = (knex: Knex, queue: Knex.Raw, of: string) =>
    knex({ held: jobs }).count('*').where('held.lane', knex.ref(`${of}.lane`)).where('held.queue', queue).where('held.place', holding)
  const nowUs = (knex: Knex, p: Params<never>) => knex.raw('? * 1000', [p.now])
  /** When the bucket is full, or now when it is. */
  const fullAt = (knex: Knex, p: Params<never>) => knex.raw('case when coalesce(??, 0) > ? then ?? else ? end', ['full_at', nowUs(knex, p), 'full_at', nowUs(knex, p)])

  return {
    turn: shape<'queue'>((knex, p) => knex(queues).where('queue', p.value('queue')).update({ turn: knex.raw('coalesce(??, 0) + 1', ['turn']) })),

    /** Of the first in line those that no limit holds back. */
    lease: shape<JudgedName>((knex, p) => {
      const first = dialect.skipLocked(firstInLine(knex, p, ['id', 'rank', 'size', 'lane', 'place'])).as('first')
      const judged = knex.select('id', 'rank', 'size').select(knex.raw('case when ?? is null or ?? = ? then 0 else (?) + row_number() over (partition by ??, ?? order by ??, ??) end as ??', [
        'lane', 'place', holding, holders(knex, p.value('queue'), 'first'), 'lane', 'place', 'rank', 'id', 'nth',
      ])).from(first)
      const fitting = knex.select('id').select({
        position: knex.raw('row_number() over (order by ??, ??)', ['rank', 'id']),
        before: knex.raw('sum(coalesce(??, 0)) over (order by ??, ??) - coalesce(??, 0)', ['size', 'rank', 'id', 'size']),
      }).from(judged.as('judged')).where('nth', '<=', p.value('perKey'))
      const active = knex(jobs).count('*').where({ queue: p.value('queue'), state: 'active' })
      const bucket = knex(queues).select(fullAt(knex, p)).where('queue', p.value('queue'))
      const ids = knex.select('id').from(fitting.as('fitting')).where('before', '<', maxBytesAtOnce).where('position', '<=', p.value('max'))
        .whereRaw('?? + (?) <= ?', ['position', active, p.value('concurrent')])
        .whereRaw('(? = 0 or ?? * ? + (?) <= ? + ?)', [p.value('rated'), 'position', p.value('costUs'), bucket, nowUs(knex, p), p.value('bucketUs')])
      return leasing({ knex, p, jobs, queues, dialect }, ids)
    }),
    /** Those of the first in line whose lane is full: so that no lease looks at them again before there is room. */
    setAside: shape<'queue' | 'examined' | 'perKey'>((knex, p) => {
      const first = firstInLine(knex, p, ['id', 'lane', 'place']).as('first')
      const full = knex.select('id').from(first).where('place', inLine).whereRaw('(?) >= ?', [holders(knex, p.value('queue'), 'first'), p.value('perKey')])
      return dialect.onlyPicked(knex(jobs), jobs, ['id'], full).update({ line: null, place: setAside })
    }),
    pay: shape<'queue' | 'token' | 'costUs'>((knex, p) => knex(queues).where('queue', p.value('queue')).update({
      full_at: knex.raw('? + ? * (?)', [fullAt(knex, p), p.value('costUs'), knex(jobs).count('*').where({ token: p.value('token'), state: 'active' })]),
    })),
    /** The bucket of a queue whose lease got nothing although a job is in line. */
    bucket: shape<'queue'>((knex, p) => knex(queues).select({ fullUs: fullAt(knex, p), now: p.now }).where('queue', p.value('queue')).whereExists(knex(jobs).select('id').where('line', p.value('queue')))),

    /** The first of those that were set aside in this lane comes into line. */
    callUp: shape<'queue' | 'lane'>((knex, p) => {
      const next = knex(jobs).select('id').where({ lane: p.value('lane'), queue: p.value('queue'), place: setAside }).orderBy(['rank', 'id']).limit(1)
      return dialect.onlyPicked(knex(jobs), jobs, ['id'], next).update({ line: p.value('queue'), place: inLine })
    }),
    /** As `callUp`, in the lane of a job that holds there with this token. */
    callUpBeside: shape<'queue' | 'id' | 'token'>((knex, p) => {
      const lane = knex(jobs).select('lane').where({ id: p.value('id'), token: p.value('token'), place: holding })
      const next = knex(jobs).select('id').where('lane', lane).where({ queue: p.value('queue'), place: setAside }).orderBy(['rank', 'id']).limit(1)
      return dialect.onlyPicked(knex(jobs), jobs, ['id'], next).update({ line: p.value('queue'), place: inLine })
    }),
  }
}
