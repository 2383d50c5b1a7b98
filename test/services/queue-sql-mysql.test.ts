import { makeStatements } from '../../plugins/queue-sql/statements.ts'
import { prepareTables, tablesOf } from '../../plugins/queue-sql/tables.ts'
import { call } from '../plugins/sql-sqlite/connection.ts'
import { open, ownDatabase } from './mysql.ts'
import { testWith } from './server.ts'

interface PlanRow {
  readonly table: string
  readonly type: string
  readonly rows: number
}

testWith(['MARIADB'], 'what changes jobs that a query picks reads those and no others', async (t, server = '') => {
  const { name, url, admin } = await ownDatabase(t, server)
  const sql = await open(t, { url })
  const tables = tablesOf('queue')
  await prepareTables(sql, tables, new AbortController().signal)
  const due = (state: string, at: number) => `('${state}${at}', 'emails', '${state}', '1', 0, ${state === 'ready' ? "'emails'" : 'null'}, ${at}, 0, 8, 0, ${at}, ${at}, ${at}, ${at}, '[]', '[]', 1)`
  const jobs = ['ready', 'scheduled', 'done'].flatMap((state) => Array.from({ length: 1_000 }, (_, at) => due(state, at)))
  await admin.query(`insert into ${name}.${tables.jobs} (id, queue, state, payload, priority, line, rank, attempt, attempts, crashes, run_at, due_at, enqueued_at, listed_at, errors, answers, revision) values ${jobs.join(',')}`)
  await admin.query(`insert into ${name}.${tables.requests} (queue, request_id, token, until) values ${Array.from({ length: 1_000 }, (_, at) => `('emails', 'r${at}', 't${at}', ${at})`).join(',')}`)
  await admin.query(`analyze table ${name}.${tables.jobs}, ${name}.${tables.requests}`)

  const statements = makeStatements({ dialect: sql.dialect, shape: (build) => sql.shape(build) }, tables)
  const lease = { queue: 'emails', max: 5, leaseMs: 1_000, token: 't', worker: null, from: 0 }
  const changes = { lease: statements.lease(lease), leaseSome: statements.leaseSome(lease), promote: statements.promote({ limit: 5 }), sweepJobs: statements.sweepJobs({ state: 'done', limit: 5 }), sweepRequests: statements.sweepRequests({ limit: 5 }) }

  for (const [change, statement] of Object.entries(changes)) {
    const plan = await sql.query<PlanRow>({ sql: `explain ${statement.sql}`, params: statement.params }, call())
    const changed = plan.find(({ table, type }) => (table === tables.jobs || table === tables.requests) && type === 'eq_ref')
    t.truthy(changed, `${change}: ${JSON.stringify(plan)}`)
    t.is(Number(changed?.rows), 1, change)
    const [count] = await sql.execute([statement], call())
    t.is(count, 5, change)
  }
})
