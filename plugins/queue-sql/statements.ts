import type { Knex } from 'knex'
import { type JobState, maxBytesAtOnce } from '../../kernel/ports/queue/index.ts'
import type { Params, SqlConnection } from '../../kernel/ports/sql/index.ts'
import { type AddedColumn, addedColumns, type MutableColumn } from './rows.ts'
import { leasing, type LeaseName } from './leases.ts'
import { jobColumns, type Tables } from './tables.ts'

export const keysAtOnce = 50
/** Acknowledged, or added, by one statement. */
export const acksAtOnce = 50
export const addedAtOnce = 50
const slots = Array.from({ length: 50 }, (_, at) => at)
/** Queues that one look tells of. */
const places = Array.from({ length: 16 }, (_, at) => at)

/** No queue has the name that stands in the places left over. */
export function waitedOnValues(queues: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(places.map((at) => [`queue${at}`, queues[at] ?? '']))
}

/**
 * A condition that no index serves. A planner that has not counted a table takes any range for a few rows, and would go through
 * all jobs that were ever in a state of a queue to find those of one lease.
 */
const aside = 'case when ?? = ? then 1 end = 1'

type PageName = 'queue' | 'state' | 'from' | 'last' | 'before' | 'limit'
type AckName = 'queue' | 'token' | 'keepMs'

const mutable: readonly MutableColumn[] = [
  'queue', 'state', 'payload', 'line', 'rank', 'lane', 'place', 'attempt', 'crashes', 'progress', 'run_at', 'due_at', 'deadline_at', 'finished_at', 'listed_at', 'errors', 'answers',
  'idempotency_key', 'token', 'ended_by', 'lease_until', 'worker', 'size',
]

export type Statements = ReturnType<typeof makeStatements>

/** Every statement of the driver. Each compiles at its first use. */
export function makeStatements({ shape, dialect }: Pick<SqlConnection, 'shape' | 'dialect'>, { jobs, requests, queues, schedules }: Tables) {
  const plus = (knex: Knex, column: string, by: number) => knex.raw('?? + ?', [column, by])
  const ofColumns = <C extends string>(columns: readonly C[], value: (column: C) => Knex.Raw) => Object.fromEntries(columns.map((column) => [column, value(column)]))
  const jobsOf = (knex: Knex, ids: Knex.QueryBuilder) => dialect.onlyPicked(knex(jobs), jobs, ['id'], ids)
  const whole = (knex: Knex) => knex(jobs).select(...jobColumns)
  /** How many characters, or bytes, a row has. */
  const sizes = (knex: Knex) => knex(jobs).select({ size: knex.raw('coalesce(??, 0) + coalesce(length(??), 0)', ['size', 'result']) })
  const withKeys = (rows: Knex.QueryBuilder, p: Params<string>) => rows.where('queue', p.value('queue')).whereIn('idempotency_key', Array.from({ length: keysAtOnce }, (_, at) => p.value(`key${at}`))).limit(p.limit('limit'))
  const page = (rows: Knex.QueryBuilder, p: Params<PageName>) => rows
    .where({ queue: p.value('queue'), state: p.value('state') }).where('listed_at', '>=', p.value('from')).where('listed_at', '<=', p.value('last'))
    .whereRaw('(?? < ? or ?? < ?)', ['listed_at', p.value('last'), 'id', p.value('before')])
    .orderBy([{ column: 'listed_at', order: 'desc' }, { column: 'id', order: 'desc' }]).limit(p.limit('limit'))
  const overdue = (rows: Knex.QueryBuilder, p: Params<'limit' | 'state'>) => rows.where('state', p.value('state')).where('due_at', '<=', p.now).orderBy('due_at').limit(p.limit('limit'))
  const firstInLine = (knex: Knex, p: Params<LeaseName | 'from'>) => knex(jobs).where('line', p.value('queue')).where('rank', '>=', p.value('from')).orderBy(['rank', 'id']).limit(p.limit('max'))
  const leaseOf = (knex: Knex, p: Params<LeaseName>, ids: Knex.QueryBuilder) => leasing({ knex, p, jobs, queues, dialect }, ids)
  const dueTimes = (knex: Knex, p: Pick<Params<never>, 'now'>) => {
    // From 0: a range that leaves out NULL, for most ready jobs have no deadline.
    const earliest = (state: JobState) => knex(jobs).min('due_at').where('state', state).where('due_at', '>=', 0)
    return {
      now: p.now, scheduled: earliest('scheduled'), active: earliest('active'), ready: earliest('ready'), done: earliest('done'), dead: earliest('dead'), cancelled: earliest('cancelled'),
      requests: knex(requests).min('until'), tick: knex(schedules).min('next_at').where('next_at', '>=', 0),
    }
  }

  const added = (knex: Knex, p: Params<never>, value: (column: AddedColumn) => Knex.Raw) => ({
    ...ofColumns(addedColumns, value), due_at: knex.raw('coalesce(?, ? + ?)', [value('due_at'), p.now, value('delay')]),
    // Written into the text: what is the same in every row need not be sent with each.
    attempt: knex.raw('0'), crashes: knex.raw('0'), errors: knex.raw("'[]'"), answers: knex.raw("'[]'"), revision: knex.raw('1'),
  })
  /** A finished job has no lane, and is found by no token. */
  const acking = (knex: Knex, p: Params<AckName>) => knex(jobs)
    .where('token', p.value('token')).whereRaw(aside, ['queue', p.value('queue')]).where('lease_until', '>', p.now)
    .update({
      state: 'done', lane: null, place: null, token: null, ended_by: p.value('token'), finished_at: p.now, listed_at: p.now,
      due_at: knex.raw('? + ?', [p.now, p.value('keepMs')]), revision: plus(knex, 'revision', 1),
    })

  return {
    insert: shape<AddedColumn>((knex, p) => knex(jobs).insert(added(knex, p, (column) => p.value(column)))),
    insertMany: shape<string>((knex, p) => knex(jobs).insert(slots.map((at) => added(knex, p, (column) => p.value(`${column}${at}`))))),

    lease: shape<LeaseName | 'from'>((knex, p) => leaseOf(knex, p, dialect.skipLocked(firstInLine(knex, p).select('id')))),
    /** As `lease`, and no more once their payloads are 8 MiB together: an answer has to fit in memory. */
    leaseSome: shape<LeaseName | 'from'>((knex, p) => {
      const first = dialect.skipLocked(firstInLine(knex, p).select('id', 'rank', 'size')).as('first')
      const before = knex.raw('sum(coalesce(??, 0)) over (order by ??, ??) - coalesce(??, 0) as ??', ['size', 'rank', 'id', 'size', 'before'])
      return leaseOf(knex, p, knex.select('id').from(knex.select('id', before).from(first).as('weighed')).where('before', '<', maxBytesAtOnce))
    }),
    leased: shape<'token'>((knex, p) => whole(knex).select({ now: p.now }).where('token', p.value('token')).where('lease_until', '>', p.now).orderBy(['rank', 'id'])),

    keepRequest: shape<'queue' | 'requestId' | 'token' | 'keepMs'>((knex, p) => {
      // Only when the lease got a job: a request that met an empty queue may be made again.
      const got = knex(jobs).select(knex.raw('?, ?, ?, ? + ?', [p.value('queue'), p.value('requestId'), p.value('token'), p.now, p.value('keepMs')])).where('token', p.value('token')).limit(1)
      return knex(knex.raw('?? (??, ??, ??, ??)', [requests, 'queue', 'request_id', 'token', 'until'])).insert(got)
    }),
    request: shape<'queue' | 'requestId'>((knex, p) => knex(requests).select('token', { now: p.now }).where({ queue: p.value('queue'), request_id: p.value('requestId') }).where('until', '>', p.now)),
    dropRequest: shape<'queue' | 'requestId'>((knex, p) => knex(requests).where({ queue: p.value('queue'), request_id: p.value('requestId') }).where('until', '<=', p.now).delete()),

    ack: shape<AckName | 'id' | 'result'>((knex, p) => acking(knex, p).where('id', p.value('id')).update('result', p.value('result'))),
    /** Jobs of one lease; those of a shorter list stand in it more than once. */
    ackMany: shape<string>((knex, p) => acking(knex, p).whereIn('id', slots.map((at) => p.value(`id${at}`)))),
    ackManyWith: shape<string>((knex, p) => acking(knex, p).whereIn('id', slots.map((at) => p.value(`id${at}`)))
      .update('result', knex.raw(`case ?? ${slots.map(() => 'when ? then ?').join(' ')} end`, ['id', ...slots.flatMap((at) => [p.value(`id${at}`), p.value(`result${at}`)])]))),
    read: shape<'id'>((knex, p) => whole(knex).select({ now: p.now }).where('id', p.value('id'))),
    replace: shape<MutableColumn | 'id' | 'revision' | 'live'>((knex, p) => knex(jobs)
      .where({ id: p.value('id'), revision: p.value('revision') })
      .whereRaw('(? = 0 or ?? > ?)', [p.value('live'), 'lease_until', p.now])
      .update({ ...ofColumns(mutable, (column) => p.value(column)), revision: plus(knex, 'revision', 1) })),
    remove: shape<'id' | 'revision'>((knex, p) => knex(jobs).where({ id: p.value('id'), revision: p.value('revision') }).delete()),

    withKeys: shape<string>((knex, p) => withKeys(whole(knex), p)),
    sizesWithKeys: shape<string>((knex, p) => withKeys(sizes(knex), p)),

    page: shape<PageName>((knex, p) => page(whole(knex), p)),
    pageSizes: shape<PageName>((knex, p) => page(sizes(knex), p)),
    counts: shape<'queue'>((knex, p) => knex(jobs).select('state').count({ count: '*' }).where('queue', p.value('queue')).groupBy('state')),
    oldest: shape<'queue'>((knex, p) => knex(jobs).min({ oldest: 'run_at' }).select({ now: p.now }).where({ queue: p.value('queue'), state: 'ready' })),

    pause: shape<'queue'>((knex, p) => knex(queues).insert({ queue: p.value('queue'), paused: 1 }).onConflict('queue').merge(['paused'])),
    setPaused: shape<'queue' | 'paused' | 'reason'>((knex, p) => knex(queues).insert({ queue: p.value('queue'), paused: p.value('paused'), reason: p.value('reason') }).onConflict('queue').merge(['paused', 'reason'])),
    paused: shape<'queue'>((knex, p) => knex(queues).select('reason').where({ queue: p.value('queue'), paused: 1 })),

    due: shape((knex, p) => knex.select(dueTimes(knex, p))),
    dueAndInLine: shape<string>((knex, p) => knex.select({
      ...dueTimes(knex, p),
      ...Object.fromEntries(places.map((at) => {
        const queue = p.value(`queue${at}`)
        const inLine = knex(jobs).select('id').where('line', queue)
        const paused = knex(queues).select('queue').where({ queue, paused: 1 })
        return [`in_line${at}`, knex.raw('case when exists ? and not exists ? then 1 else 0 end', [inLine, paused])]
      })),
    })),
    promote: shape<'limit'>((knex, p) => jobsOf(knex, dialect.skipLocked(knex(jobs).select('id').where('state', 'scheduled').where('due_at', '<=', p.now).orderBy('due_at').limit(p.limit('limit'))))
      .update({ state: 'ready', line: knex.ref('queue'), due_at: knex.ref('deadline_at'), revision: plus(knex, 'revision', 1) })),
    overdue: shape<'limit' | 'state'>((knex, p) => overdue(whole(knex), p)),
    overdueSizes: shape<'limit' | 'state'>((knex, p) => overdue(sizes(knex), p)),
    sweepJobs: shape<'state' | 'limit'>((knex, p) => jobsOf(knex, dialect.skipLocked(knex(jobs).select('id').where('state', p.value('state')).where('due_at', '<=', p.now).orderBy('due_at').limit(p.limit('limit')))).delete()),
    sweepRequests: shape<'limit'>((knex, p) => {
      const primary = ['queue', 'request_id']
      const over = knex(requests).select(primary).where('until', '<=', p.now).orderBy('until').limit(p.limit('limit'))
      return dialect.onlyPicked(knex(requests), requests, primary, dialect.skipLocked(over)).delete()
    }),
  }
}
