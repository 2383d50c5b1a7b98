import type { Call } from '../../kernel/plugin.ts'
import type { Acked, JobRow, LeaseLimits, LeaseWanted, QueueKeys } from '../../kernel/ports/queue/index.ts'
import type { SqlConnection, SqlStep, SqlValue } from '../../kernel/ports/sql/index.ts'
import { limitValues, type LimitStatements } from './limit-statements.ts'
import type { LeaseName } from './leases.ts'
import { inLine, setAside, type StoredJob } from './rows.ts'
import type { Tables } from './tables.ts'

/** How many jobs a lease looks at beyond those it wants, and how often it looks at more when it had to set all of them aside. */
const examinedBeside = 100
const maxRounds = 50
const lookAgainMs = 50

/** What a program that leases changed, and the jobs that it got. */
export interface Taken {
  readonly changed: readonly number[]
  readonly rows: readonly StoredJob[]
}

/** What limits add to the programs of a queue. */
export class SqlLimits {
  readonly #connection: SqlConnection
  readonly #statements: LimitStatements

  constructor(connection: SqlConnection, statements: LimitStatements) {
    this.#connection = connection
    this.#statements = statements
  }

  /** What it got, and else when to look again; undefined when `take` says that the request is taken. */
  async lease(limits: LeaseLimits, { max }: LeaseWanted, values: Record<LeaseName, SqlValue>, take: (program: readonly SqlStep[]) => Promise<Taken | undefined>, call: Call): Promise<(Pick<Taken, 'rows'> & { readonly againInMs?: number | undefined }) | undefined> {
    const { queue, token } = values
    const limit = limitValues(limits)
    const judged = { ...values, ...limit, examined: max + examinedBeside }
    const program = [
      this.#statements.turn({ queue }),
      this.#statements.lease(judged),
      ...(limits.perKey === undefined ? [] : [this.#statements.setAside(judged)]),
      ...(limits.rate ? [this.#statements.pay({ queue, token, costUs: limit.costUs })] : []),
    ]

    for (let rounds = 0; rounds < maxRounds; rounds++) {
      const taken = await take(program)
      if (!taken) return undefined
      const [, leased, aside] = taken.changed
      if (leased !== 0) return taken
      if (limits.perKey === undefined || aside === 0) return { rows: [], againInMs: limits.rate && (await this.#roomInMs(String(queue), limit, call)) }
    }
    return { rows: [], againInMs: lookAgainMs }
  }

  /** What goes before a change of these rows: their queues' turns, always in one order, so that two programs do not wait for each other. */
  turns(rows: readonly JobRow[]): readonly SqlStep[] {
    const queues = new Set(rows.filter(({ lane }) => lane !== undefined).map(({ queue }) => queue))
    return [...queues].sort().map((queue) => this.#statements.turn({ queue }))
  }

  /** The next of each lane in which one of these rows holds no place. */
  callsUp(rows: readonly JobRow[]): readonly SqlStep[] {
    return rows.flatMap(({ queue, lane, holds }) => (lane === undefined || holds ? [] : [this.#statements.callUp({ queue, lane })]))
  }

  /** What goes before the end of a job that holds a place. */
  passing({ id, queue, token }: Pick<Acked, 'id' | 'queue' | 'token'>): readonly SqlStep[] {
    return [this.#statements.turn({ queue }), this.#statements.callUpBeside({ queue, id, token })]
  }

  /** When the rate lets one more job through; undefined when none is in line. */
  async #roomInMs(queue: string, { costUs, bucketUs }: ReturnType<typeof limitValues>, call: Call): Promise<number | undefined> {
    const bucket = await this.#connection.queryOne<{ fullUs: number; now: number }>(this.#statements.bucket({ queue }), call)
    if (!bucket) return undefined
    const inMs = Math.ceil((bucket.fullUs + Number(costUs) - Number(bucketUs)) / 1_000) - bucket.now
    // There is room by now, or another limit holds the job back.
    return inMs > 0 ? inMs : lookAgainMs
  }
}

/**
 * Before the first lease: each queue with limits has the row that its programs take in turn; and where a limit by key was taken
 * from the manifest, the jobs that it had set aside come into line.
 */
export async function prepareLimits(connection: SqlConnection, { jobs, queues }: Tables, { queues: declared = {} }: QueueKeys, call: Call): Promise<void> {
  const limited = Object.entries(declared).filter(([, { limits }]) => limits)
  const laned = limited.filter(([, { limits }]) => limits?.perKey !== undefined).map(([queue]) => queue)
  const register = connection.shape<'queue'>((knex, p) => knex(queues).insert({ queue: p.value('queue'), paused: 0 }).onConflict('queue').ignore())
  const callUpAll = connection.shape((knex) => knex(jobs).whereNotNull('lane').where('place', setAside).whereNotIn('queue', laned).update({ line: knex.ref('queue'), place: inLine }))
  await connection.execute([...limited.map(([queue]) => register({ queue })), callUpAll({})], call)
}
