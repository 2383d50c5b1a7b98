import type { ExecutionContext } from 'ava'
import mysql from 'mysql2/promise'
import pg from 'pg'
import { mappedCases } from '../plugins/storage-sql/mapped-cases.ts'
import type { MappedDatabase } from '../plugins/storage-sql/mapped-database.ts'
import { answersAlike } from '../plugins/storage-sql/mapped-oracle.ts'
import { databaseOf, testWith } from './server.ts'

async function inPostgres(t: ExecutionContext, server: string): Promise<MappedDatabase> {
  const { url, connection } = await databaseOf(t, server)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  t.teardown(() => client.end())
  return {
    kind: 'postgres', connection,
    async run(sql, params = []) {
      let count = 0
      const { rows } = await client.query<Readonly<Record<string, unknown>>>(sql.replaceAll('?', () => `$${++count}`), [...params])
      return rows
    },
  }
}

async function inMariadb(t: ExecutionContext, server: string): Promise<MappedDatabase> {
  const { url, connection } = await databaseOf(t, server)
  const client = await mysql.createConnection(url)
  t.teardown(() => client.end())
  return {
    kind: 'mariadb', connection,
    async run(sql, params = []) {
      const [rows] = await client.query(sql, [...params])
      return Array.isArray(rows) ? (rows as Readonly<Record<string, unknown>>[]) : []
    },
  }
}

for (const [server, open] of [['POSTGRES', inPostgres], ['MARIADB', inMariadb]] as const) {
  for (const { title, run } of mappedCases) testWith([server], title, async (t, url = '') => run(t, await open(t, url)))

  testWith([server], 'any query is answered as over an array', async (t, url = '') => answersAlike(t, await open(t, url)))
}
