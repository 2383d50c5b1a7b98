import type { Call } from '../../kernel/plugin.ts'
import type { ScheduleRow, Seen } from '../../kernel/ports/queue/index.ts'
import type { SqlConnection, SqlStep } from '../../kernel/ports/sql/index.ts'
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
  readonly #table: string
  readonly #statements: ReturnType<SqlSchedules['makeStatements']>

  constructor(connection: SqlConnection, { schedules }: Tables) {
    this.#connection = connection
    this.#table = schedules
    this.#statements = this.makeStatements()
  }

  async all(call: Call): Promise<Seen<readonly ScheduleRow[]>> {
    const [nowMs, stored] = await Promise.all([this.#connection.now(call), this.#connection.query<StoredSchedule>(this.#statements.all({}), call)])
    return { nowMs, found: stored.map(({ next_at, ...row }) => ({ ...row, nextAt: next_at ?? undefined })) }
  }

  /** Both in one program: the jobs are there if and only if the schedule was written. */
  async put({ queue, name, spec, nextAt, revision }: ScheduleRow, expected: number | undefined, jobs: readonly SqlStep[], call: Call): Promise<boolean> {
    const values = { queue, name, spec, nextAt: nextAt ?? null, revision }
    const written = expected === undefined ? this.#statements.add(values) : this.#statements.replace({ ...values, expected })
    const refusal = await this.#connection.commit([{ ...written, expect: 1 }, ...jobs], call)
    if (refusal && refusal.step > 0) throw new RangeError('a job of a tick was refused')
    return refusal === undefined
  }

  async drop({ queue, name, revision }: ScheduleRow, call: Call): Promise<boolean> {
    const [dropped] = await this.#connection.execute([this.#statements.drop({ queue, name, revision })], call)
    return dropped === 1
  }

  private makeStatements() {
    const table = this.#table
    const connection = this.#connection
    return {
      all: connection.shape((knex) => knex(table).select('queue', 'name', 'spec', 'next_at', 'revision').orderBy(['queue', 'name'])),
      add: connection.shape<'queue' | 'name' | 'spec' | 'nextAt' | 'revision'>((knex, p) => knex(table).insert({ queue: p.value('queue'), name: p.value('name'), spec: p.value('spec'), next_at: p.value('nextAt'), revision: p.value('revision') })),
      replace: connection.shape<'queue' | 'name' | 'spec' | 'nextAt' | 'revision' | 'expected'>((knex, p) => knex(table).where({ queue: p.value('queue'), name: p.value('name'), revision: p.value('expected') }).update({ spec: p.value('spec'), next_at: p.value('nextAt'), revision: p.value('revision') })),
      drop: connection.shape<'queue' | 'name' | 'revision'>((knex, p) => knex(table).where({ queue: p.value('queue'), name: p.value('name'), revision: p.value('revision') }).delete()),
    }
  }
}
