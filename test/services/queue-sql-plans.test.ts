import { systemClock } from '../../kernel/clock.ts'
import { createKernel } from '../../kernel/index.ts'
import { openPostgres } from '../../plugins/sql-postgres/open.ts'
import { makeStatements } from '../../plugins/queue-sql/statements.ts'
import { tablesOf } from '../../plugins/queue-sql/tables.ts'
import { silentLog } from '../contract/log.ts'
import { callWith } from '../plugins/storage-sql/harness.ts'
import { databaseOf, testWith } from './server.ts'

const settings = {
  maxConnections: 4, minConnections: 0, acquireTimeoutMs: 5_000, connectTimeoutMs: 5_000, connectWithinMs: 5_000, statementTimeoutMs: 60_000,
  lockTimeoutMs: 5_000, idleTimeoutMs: 60_000, appName: 'portico-test', tls: { enabled: false, ca: undefined, certificate: undefined, key: undefined },
} as const

testWith(['POSTGRES'], 'a lease and its acks go through their own jobs, also in a table that was never counted', async (t, url) => {
  t.timeout(60_000)
  const { connection, url: at } = await databaseOf(t, url)
  const kernel = await createKernel({ version: 1, name: 'plans', connections: { main: connection }, ports: { queue: { on: 'main', queues: { emails: {} } } } }, { log: silentLog, env: {} })
  await kernel.ports.queue.enqueueMany({ queue: 'emails', jobs: Array.from({ length: 500 }, () => ({ payload: {} })) })
  await kernel.close()

  const sql = await openPostgres({ connection: 'main', log: silentLog, clock: systemClock, signal: new AbortController().signal, settings: { ...settings, url: at, schema: undefined }, onClose: (close) => t.teardown(close) })
  const statements = makeStatements({ dialect: sql.dialect, shape: (build) => sql.shape(build) }, tablesOf('queue'))
  const planOf = async (statement: { sql: string; params: readonly (string | number | bigint | null | Uint8Array)[] }) =>
    (await sql.query<{ 'QUERY PLAN': string }>({ sql: `explain (analyze) ${statement.sql}`, params: statement.params }, callWith())).map((row) => row['QUERY PLAN']).join('\n')

  const lease = await planOf(statements.leaseSome({ queue: 'emails', max: 50, leaseMs: 60_000, token: 'token', worker: null, from: Number.MIN_SAFE_INTEGER }))
  t.regex(lease, /Index Scan using queue__jobs_line on \S+ \S+ .*actual time=\S+ rows=50 /, lease)

  const leased = await planOf(statements.leased({ token: 'token' }))
  t.regex(leased, /Index Scan using queue__jobs_token .*actual time=\S+ rows=50 /, leased)

  const ids = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`id${n}`, `id-${n}`]))
  const ack = await planOf(statements.ackMany({ queue: 'emails', token: 'token', keepMs: 60_000, ...ids }))
  t.regex(ack, /Index Scan using queue__jobs_(token|pkey) /, ack)
  for (const plan of [lease, leased, ack]) t.notRegex(plan, /Bitmap|Seq Scan on queue__jobs/, plan)
})
