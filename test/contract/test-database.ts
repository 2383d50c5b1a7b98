import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** A place in a database that nobody else has. */
export interface TestDatabase {
  /** What its schema or database is called. */
  readonly name: string
  /** Leads a client of that database to this place and no other. */
  readonly url: string
  /** What a manifest says of it: `connections: { main: database.connection }`. */
  readonly connection: { readonly use: string; readonly with: Readonly<Record<string, string>> }
  /** Takes it away with all that is in it; close what uses it first. */
  drop(): Promise<void>
}

type Maker = (server: URL, name: string) => Promise<TestDatabase>

const makers: Readonly<Record<string, Maker>> = {
  'postgres:': inPostgres, 'postgresql:': inPostgres, 'mysql:': inMysql, 'mariadb:': inMysql, 'mongodb:': inMongodb, 'mongodb+srv:': inMongodb, 'redis:': inRedis, 'sqlite:': inFile,
}

/**
 * Makes a place with a random name, so that tests run beside one another: a schema in the database that a `postgres:` URL names,
 * a database on the server of a `mysql:` or `mongodb:` URL, keys with a prefix in a `redis:` one, a file for `sqlite:`. The user must be allowed to make it; the
 * package that talks to that database (pg, mysql2, mongodb, @redis/client) must be installed.
 * @throws TypeError for any other URL.
 */
export async function testDatabase(url: string): Promise<TestDatabase> {
  const server = new URL(url)
  const make = Object.hasOwn(makers, server.protocol) ? makers[server.protocol] : undefined
  if (!make) throw new TypeError(`no test database can be made at ${server.protocol}; these can: ${Object.keys(makers).join(' ')}`)
  return make(server, `portico_test_${randomBytes(8).toString('hex')}`)
}

async function inPostgres(server: URL, name: string): Promise<TestDatabase> {
  const { default: pg } = await import('pg')
  const run = async (statement: string) => {
    const client = new pg.Client({ connectionString: server.href, lock_timeout: patienceMs })
    // The query tells of a lost connection; an event that nobody hears would end the process.
    client.on('error', () => undefined)
    await client.connect()
    await client.query(statement).finally(() => client.end())
  }
  await run(`create schema ${name}`)

  const own = new URL(server)
  // With %20: a plus is a plus to PostgreSQL's own clients.
  own.search = [own.search.slice(1), `options=-c%20search_path%3D${name}`].filter(Boolean).join('&')
  return { name, url: own.href, connection: { use: 'postgres', with: { url: own.href } }, drop: () => run(`drop schema if exists ${name} cascade`) }
}

async function inMysql(server: URL, name: string): Promise<TestDatabase> {
  const { createConnection } = await import('mysql2/promise')
  const url = new URL(server)
  url.protocol = 'mysql:'
  const run = async (statement: string) => {
    const client = await createConnection(url.href)
    try {
      await client.query(`set lock_wait_timeout = ${patienceMs / 1_000}`)
      await client.query(statement)
    } finally {
      await client.end()
    }
  }
  await run(`create database ${name}`)

  const own = new URL(url)
  own.pathname = `/${name}`
  return { name, url: own.href, connection: { use: 'mysql', with: { url: own.href } }, drop: () => run(`drop database if exists ${name}`) }
}

async function inMongodb(server: URL, name: string): Promise<TestDatabase> {
  const { MongoClient } = await import('mongodb')
  const own = new URL(server)
  // Who is known to the database that the URL named is so still.
  if (own.username && !own.searchParams.has('authSource')) own.searchParams.set('authSource', own.pathname.slice(1) || 'admin')
  own.pathname = `/${name}`
  const drop = async () => {
    const client = await MongoClient.connect(own.href)
    await client.db(name).dropDatabase().finally(() => client.close())
  }
  return { name, url: own.href, connection: { use: 'mongodb', with: { url: own.href } }, drop }
}

async function inRedis(server: URL, name: string): Promise<TestDatabase> {
  const { createClient } = await import('@redis/client')
  const drop = async () => {
    const client = createClient({ url: server.href })
    await client.connect()
    for await (const keys of client.scanIterator({ MATCH: `${name}:*`, COUNT: 1_000 })) if (keys.length > 0) await client.unlink(keys)
    client.destroy()
  }
  return { name, url: server.href, connection: { use: 'redis', with: { url: server.href, prefix: name } }, drop }
}

async function inFile(_: URL, name: string): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), `${name}-`))
  const file = join(folder, 'test.db')
  return { name, url: pathToFileURL(file).href, connection: { use: 'sqlite', with: { file } }, drop: () => rm(folder, { recursive: true, force: true }) }
}

/** How long a drop waits for whoever still uses the place. */
const patienceMs = 10_000
