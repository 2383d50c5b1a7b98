import type { Call } from '../../kernel/plugin.ts'
import type { AddedRow, ScheduleName, ScheduleRow, Seen } from '../../kernel/ports/queue/index.ts'
import type { SqlConnection } from '../../kernel/ports/sql/index.ts'
import { insertsOf } from './inserts.ts'
import type { Statements } from './statements.ts'
import type { Tables } from './tables.ts'

interface StoredSchedule {
  readonly queue: string
  readonly name: string
  readonly spec: string
  readonly next_at: number | null
  readonly revision: number
}

/** The schedules' table. */
export class SqlSchedules {
  readonly #connection: SqlConnection
  readonly #tables: Tables
  readonly #ofJobs: Statements
  readonly #statements: ReturnType<SqlSchedules['makeStatements']>

  constructor(connection: SqlConnection, tables: Tables, ofJobs: Statements) {
    this.#connection = connection
    this.#tables = tables
    this.#ofJobs = ofJobs
    this.#statements = this.makeStatements()
  }

  async find(only: ScheduleName | undefined, call: Call): Promise<Seen<readonly ScheduleRow[]>> {
    const statement = only ? this.#statements.one({ queue: only.queue, name: only.name }) : this.#statements.all({})
    const [nowMs, stored] = await Promise.all([this.#connection.now(call), this.#connection.query<StoredSchedule>(statement, call)])
    return { nowMs, found: stored.map(({ next_at, ...row }) => ({ ...row, nextAt: next_at ?? undefined })) }
  }

  /** Both in one program: the jobs are there once the schedule was written. */
  async put(row: ScheduleRow, expected: number | undefined, jobs: readonly AddedRow[], call: Call): Promise<boolean> {
    const { queue, name, spec, nextAt, revision } = row
    const values = { queue, name, spec, nextAt: nextAt ?? null, revision }
    const written = expected === undefined ? this.#statements.add(values) : this.#statements.replace({ ...values, expected })
    const refusal = await this.#connection.commit([{ ...written, expect: 1 }, ...insertsOf(this.#ofJobs, jobs)], call)
    if (!refusal || refusal.step === 0) return refusal === undefined

    // A schedule that was dropped and came again meets jobs of its ticks: they are left as they are.
    const absent = await this.#absent(jobs, call)
    return absent.length < jobs.length && this.put(row, expected, absent, call)
  }

  async drop({ queue, name, revision }: ScheduleRow, call: Call): Promise<boolean> {
    const [dropped] = await this.#connection.execute([this.#statements.drop({ queue, name, revision })], call)
    return dropped === 1
  }

  async #absent(jobs: readonly AddedRow[], call: Call): Promise<readonly AddedRow[]> {
    const absent: AddedRow[] = []
    for (const job of jobs) {
      const place = { id: job.id, queue: job.queue, key: job.key ?? null }
      if ((await this.#connection.queryOne(this.#statements.taken(place), call)) === undefined) absent.push(job)
    }
    return absent
  }

  private makeStatements() {
    const { schedules: table, jobs } = this.#tables
    const connection = this.#connection
    const columns = ['queue', 'name', 'spec', 'next_at', 'revision']
    return {
      all: connection.shape((knex) => knex(table).select(columns).orderBy(['queue', 'name'])),
      one: connection.shape<'queue' | 'name'>((knex, p) => knex(table).select(columns).where({ queue: p.value('queue'), name: p.value('name') })),
      taken: connection.shape<'id' | 'queue' | 'key'>((knex, p) => knex(jobs).select('id').where('id', p.value('id')).orWhere({ queue: p.value('queue'), idempotency_key: p.value('key') }).limit(1)),
      add: connection.shape<'queue' | 'name' | 'spec' | 'nextAt' | 'revision'>((knex, p) => knex(table).insert({ queue: p.value('queue'), name: p.value('name'), spec: p.value('spec'), next_at: p.value('nextAt'), revision: p.value('revision') })),
      replace: connection.shape<'queue' | 'name' | 'spec' | 'nextAt' | 'revision' | 'expected'>((knex, p) => knex(table).where({ queue: p.value('queue'), name: p.value('name'), revision: p.value('expected') }).update({ spec: p.value('spec'), next_at: p.value('nextAt'), revision: p.value('revision') })),
      drop: connection.shape<'queue' | 'name' | 'revision'>((knex, p) => knex(table).where({ queue: p.value('queue'), name: p.value('name'), revision: p.value('revision') }).delete()),
    }
  }
}
