import type { ExecutionContext } from 'ava'
import { type Db, MongoClient } from 'mongodb'
import { MongodbConnection } from '../../plugins/mongodb-mongodb/driver.ts'
import { openClient, type Settings } from '../../plugins/mongodb-mongodb/open.ts'
import { silentLog } from '../contract/log.ts'
import { databaseOf } from './server.ts'

export interface TestDatabase {
  /** Of a database that nobody else has. */
  readonly url: string
  readonly db: Db
}

/** A database of its own, dropped when the test ends, and a look into it. */
export async function testDatabase(t: ExecutionContext, serverUrl: string): Promise<TestDatabase> {
  const { name, url } = await databaseOf(t, serverUrl)
  const client = await MongoClient.connect(url)
  t.teardown(() => client.close())
  return { url, db: client.db(name) }
}

/** What the server can do: mongo-java-server, which stands in for one, orders strings by UTF-16 and has no transactions. */
export async function serverKind(serverUrl: string): Promise<{ readonly units: boolean; readonly utf16Ids: boolean }> {
  const client = await MongoClient.connect(serverUrl)
  try {
    const [hello, status] = await Promise.all([client.db('admin').command({ hello: 1 }), client.db('admin').command({ serverStatus: 1 })])
    return { units: typeof hello['setName'] === 'string' || hello['msg'] === 'isdbgrid', utf16Ids: status['process'] === 'java' }
  } finally {
    await client.close()
  }
}

/** A connection that is closed when the test ends. */
export async function openConnection(t: ExecutionContext, given: Partial<Settings> & { readonly url: string }): Promise<MongodbConnection> {
  return (await openWithClient(t, given)).connection
}

/** The same, and the SDK's client under it. */
export async function openWithClient(t: ExecutionContext, given: Partial<Settings> & { readonly url: string }): Promise<{ readonly connection: MongodbConnection; readonly client: MongoClient }> {
  const opened = await openClient({ connection: 'main', log: silentLog, signal: new AbortController().signal, settings: { ...settings, ...given } })
  t.teardown(() => opened.monitoring.close())
  return { connection: new MongodbConnection('main', opened), client: opened.client }
}

const settings = {
  database: undefined, maxConnections: 20, minConnections: 0, idleTimeoutMs: 60_000, acquireTimeoutMs: 5_000, connectTimeoutMs: 2_000, connectWithinMs: 1_000,
  appName: 'portico-test', tls: { enabled: false, ca: undefined, certificate: undefined },
} as const satisfies Partial<Settings>

/** The same database on another port: a proxy's. */
export function throughPort(url: string, port: number): string {
  const changed = new URL(url)
  changed.port = String(port)
  return changed.href
}
