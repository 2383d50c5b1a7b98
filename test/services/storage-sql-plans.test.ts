import { systemClock } from '../../kernel/clock.ts'
import { createKernel } from '../../kernel/index.ts'
import type { SqlConnection } from '../../kernel/ports/sql/index.ts'
import { openMysql } from '../../plugins/sql-mysql/open.ts'
import { openPostgres } from '../../plugins/sql-postgres/open.ts'
import { silentLog } from '../contract/log.ts'
import { comparePages, deepKeys, type Executed, fillDeep } from '../plugins/storage-sql/deep-pages.ts'
import { callWith } from '../plugins/storage-sql/harness.ts'
import { askedOf, fillTable } from '../plugins/storage-sql/mapped-plans.ts'
import { databaseOf, testWith } from './server.ts'

const title = 'a page goes through its index, and one deep in 100,000 records examines no more rows than the first'
const settings = {
  maxConnections: 4, minConnections: 0, acquireTimeoutMs: 5_000, connectTimeoutMs: 5_000, connectWithinMs: 5_000, statementTimeoutMs: 60_000,
  lockTimeoutMs: 5_000, idleTimeoutMs: 60_000, appName: 'portico-test', tls: { enabled: false, ca: undefined, certificate: undefined, key: undefined },
} as const
const parts = { connection: 'main', log: silentLog, clock: systemClock, signal: new AbortController().signal }

async function prepare(connection: { readonly use: string }): Promise<void> {
  const kernel = await createKernel({ version: 1, name: 'deep', connections: { main: connection }, ports: { storage: { on: 'main', ...deepKeys } } }, { log: silentLog, env: {} })
  await kernel.close()
}

interface PostgresNode {
  readonly 'Node Type': string
  readonly 'Index Name'?: string
  readonly 'Actual Rows': number
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly PostgresNode[]
}

function executedByPostgres(node: PostgresNode): Executed {
  const [below] = node.Plans ?? []
  if (below) return node['Node Type'] === 'Limit' ? executedByPostgres(below) : { index: node['Node Type'], examinedRows: Number.POSITIVE_INFINITY }
  const index = node['Index Name']
  return { index: index?.endsWith('_pkey') ? 'primary' : index, examinedRows: node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) }
}

testWith(['POSTGRES'], title, async (t, url) => {
  t.timeout(180_000)
  const database = await databaseOf(t, url)
  await prepare(database.connection)
  const connection: SqlConnection = await openPostgres({ ...parts, settings: { ...settings, url: database.url, schema: undefined }, onClose: (close) => t.teardown(close) })
  await fillDeep(connection)
  await connection.define((knex) => knex.raw('analyze storage__orders'), callWith())
  const query = connection.query.bind(connection)

  await comparePages(t, connection, async ({ sql, params }) => {
    const [row] = await query<Record<string, readonly { readonly Plan: PostgresNode }[]>>({ sql: `explain (analyze, format json) ${sql}`, params }, callWith())
    const [told] = Object.values(row ?? {})
    return executedByPostgres(told![0]!.Plan)
  })
})

testWith(['MARIADB'], title, async (t, url) => {
  t.timeout(180_000)
  const database = await databaseOf(t, url)
  await prepare(database.connection)
  const connection: SqlConnection = await openMysql({ ...parts, settings: { ...settings, url: database.url }, onClose: (close) => t.teardown(close) })
  await fillDeep(connection)
  await connection.define((knex) => knex.raw('analyze table storage__orders'), callWith())
  const query = connection.query.bind(connection)

  await comparePages(t, connection, async ({ sql, params }) => {
    const [row] = await query<Record<string, string>>({ sql: `analyze format=json ${sql}`, params }, callWith())
    // By their places in the text: MariaDB writes the bytes of the condition into its JSON as no JSON has them.
    const told = Object.values(row ?? {})[0] ?? ''
    const key = /"key": "(\w+)"/.exec(told)?.[1]
    const sorts = told.includes('"filesort"') || told.includes('"temporary_table"')
    return { index: key === 'PRIMARY' ? 'primary' : key, examinedRows: sorts ? Number.POSITIVE_INFINITY : Number(/"r_rows": ([\d.]+)/.exec(told)?.[1] ?? Number.NaN) }
  })
})

const throughIndex = 'a condition on the first column of an index of a mapped table goes through it'

testWith(['POSTGRES'], throughIndex, async (t, url) => {
  const database = await databaseOf(t, url)
  const connection: SqlConnection = await openPostgres({ ...parts, settings: { ...settings, url: database.url, schema: undefined }, onClose: (close) => t.teardown(close) })
  await fillTable(connection)
  await connection.define((knex) => knex.raw('analyze many'), callWith())

  for (const { statement: { sql, params }, index } of await askedOf(connection)) {
    const rows = await connection.query<Record<string, readonly { readonly Plan: object }[]>>({ sql: `explain (format json) ${sql}`, params }, callWith())
    t.regex(JSON.stringify(rows), new RegExp(`"Index Name":"${index}"`), sql)
  }
})

testWith(['MARIADB'], throughIndex, async (t, url) => {
  const database = await databaseOf(t, url)
  const connection: SqlConnection = await openMysql({ ...parts, settings: { ...settings, url: database.url }, onClose: (close) => t.teardown(close) })
  await fillTable(connection)
  await connection.define((knex) => knex.raw('analyze table many'), callWith())

  for (const { statement: { sql, params }, index } of await askedOf(connection)) {
    const [row] = await connection.query<{ readonly key: string | null }>({ sql: `explain ${sql}`, params }, callWith())
    t.is(row?.key, index, sql)
  }
})
