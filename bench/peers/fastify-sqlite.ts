import { join } from 'node:path'
import Database from 'better-sqlite3'
import fastify from 'fastify'

/**
 * What someone writes by hand for one route: Fastify, a prepared statement, and the same bytes and headers that Portico
 * answers, given as an example answer. `/bare` does nothing but answer an object.
 */
interface Example {
  readonly body: { readonly id: string; readonly value: object; readonly version: string; readonly createdAt: string; readonly updatedAt: string }
  /** Headers beside those of Fastify itself and the ETag. */
  readonly headers: Readonly<Record<string, string>>
}

interface Row {
  readonly id: string
  readonly value: string
  readonly version: string
  readonly created_at: string
  readonly updated_at: string
}

const { body, headers } = JSON.parse(process.argv[2] ?? '{}') as Example
const database = new Database(join(process.cwd(), 'peer.db'))
database.pragma('journal_mode = WAL')
database.exec('create table orders (id text primary key, value text not null, version text not null, created_at text not null, updated_at text not null) without rowid')
database.prepare('insert into orders values (?, ?, ?, ?, ?)').run(body.id, JSON.stringify(body.value), body.version, body.createdAt, body.updatedAt)
const byId = database.prepare<[string], Row>('select id, value, version, created_at, updated_at from orders where id = ?')

const app = fastify()
let requests = 0

app.get<{ Params: { id: string } }>('/orders/:id', async (request, reply) => {
  const row = byId.get(request.params.id)
  if (!row) return reply.code(404).send({ error: 'not found' })
  requests += 1
  void reply.headers(headers).header('etag', `"${row.version}"`).header('x-request-id', `request-${requests}`)
  return { id: row.id, value: JSON.parse(row.value) as unknown, version: row.version, createdAt: row.created_at, updatedAt: row.updated_at }
})
app.get('/bare', async () => ({ hello: 'world' }))

console.log(JSON.stringify({ url: await app.listen({ host: '127.0.0.1', port: 0 }) }))
process.once('SIGTERM', () => void app.close().then(() => process.exit(0)))
