import { randomBytes } from 'node:crypto'
import knex from 'knex'
import pg from 'pg'
import { createKernel } from '../../kernel/index.ts'
import { silentLog } from '../contract/log.ts'
import { databaseOf, testWith } from './server.ts'

const manifest = (connection: object, collections: object = { orders: {} }) => ({ version: 1, name: 'refused', connections: { main: connection }, ports: { storage: { on: 'main', collections } } })
const start = (connection: object, collections?: object) => createKernel(manifest(connection, collections), { log: silentLog, env: {} })

for (const server of ['POSTGRES', 'MARIADB'] as const) {
  testWith([server], 'another program’s table of a collection’s name is refused by name, and left as it is', async (t, url) => {
    const database = await databaseOf(t, url)
    const kernel = await start(database.connection, {})
    const first = await start(database.connection, { carts: {} })
    await kernel.close()
    await first.close()
    const client = knex({ client: server === 'POSTGRES' ? 'pg' : 'mysql2', connection: database.url })
    t.teardown(() => client.destroy())
    await client.schema.createTable('storage__orders', (table) => { table.integer('order_no') })

    await t.throwsAsync(start(database.connection), { code: 'STORAGE_TABLE_FOREIGN', message: /storage__orders .* lacks id, value/ })

    t.deepEqual(Object.keys(await client('storage__orders').columnInfo()), ['order_no'])
  })
}

testWith(['POSTGRES'], 'a user who may only read is refused by what it lacks, and its writes where the tables are there', async (t, url = '') => {
  const database = await databaseOf(t, url)
  const owner = await start(database.connection)
  t.teardown(() => owner.close())
  await owner.ports.storage.insert({ collection: 'orders', id: 'o1', value: {} })
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  const role = `reader_${randomBytes(6).toString('hex')}`
  await admin.query(`create role ${role} login password 'reader'; grant usage on schema ${database.name} to ${role}; grant select on all tables in schema ${database.name} to ${role}`)
  t.teardown(async () => {
    await admin.query(`drop owned by ${role}; drop role ${role}`)
    await admin.end()
  })
  const as = new URL(database.url)
  as.username = role
  as.password = 'reader'
  const reader = { use: 'postgres', with: { url: as.href } }

  const kernel = await start(reader)
  t.teardown(() => kernel.close())
  t.like(await kernel.ports.storage.get({ collection: 'orders', id: 'o1' }), { id: 'o1' })
  await t.throwsAsync(kernel.ports.storage.insert({ collection: 'orders', value: {} }), { code: 'DATABASE_FAILED', message: /permission denied for table storage__orders; grant this user what it lacks, or use another/ })
  await t.throwsAsync(start(reader, { orders: { indexes: [['n']] } }), { code: 'DATABASE_FAILED', message: /must be owner of table storage__orders; grant this user what it lacks, or use another/ })
})

testWith(['POSTGRES'], 'a first start makes its tables and indexes beside a transaction that stays open', async (t, url = '') => {
  const database = await databaseOf(t, url)
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query('begin isolation level repeatable read')
  await client.query('select count(*) from pg_class')

  const kernel = await createKernel({ ...manifest(database.connection), ports: { storage: { on: 'main', collections: { orders: { indexes: [['n']] } } }, queue: { on: 'main', queues: { emails: {} } } } }, { log: silentLog, env: {} })

  await t.notThrowsAsync(kernel.ports.queue.enqueue({ queue: 'emails', payload: {} }))
  await kernel.close()
  await client.query('rollback')
  const { rows } = await client.query<{ valid: boolean }>('select bool_and(indisvalid) as valid from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace where n.nspname = current_schema()')
  t.true(rows[0]?.valid)
  await client.end()
})
