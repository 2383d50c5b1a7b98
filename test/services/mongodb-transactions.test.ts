import type { ExecutionContext } from 'ava'
import type { MongoStep } from '../../kernel/ports/mongodb/index.ts'
import { storageContract } from '../contract/storage.ts'
import { storageHarness } from '../contract/storage-harness.ts'
import { storageOracle } from '../contract/storage-oracle.ts'
import { call } from '../plugins/sql-sqlite/connection.ts'
import { openConnection, testDatabase } from './mongodb.ts'
import { openReplicaSet } from './replica-set.ts'
import { testWith } from './server.ts'

const shownAsReplicaSet = (server: string) => storageHarness({
  capabilities: ['units'], time: 'server', utf16Ids: true,
  place: async (t) => {
    const { url } = await openReplicaSet(t, (await testDatabase(t, server)).url)
    return { connections: { main: { use: 'mongodb', with: { url } } }, storage: { on: 'main' } }
  },
})

for (const { title, run } of [...storageContract, ...storageOracle]) testWith(['MONGODB'], `in transactions: ${title}`, (t, server = '') => run(t, shownAsReplicaSet(server)))

const collection = 'things'
const insert = (id: string): MongoStep => ({ do: 'insert', collection, document: { _id: id } })

async function opened(t: ExecutionContext, server: string) {
  const { url, db } = await testDatabase(t, server)
  const set = await openReplicaSet(t, url)
  const connection = await openConnection(t, { url: set.url, acquireTimeoutMs: 1_000 })
  const ids = async () => (await db.collection(collection).find().sort({ _id: 1 }).toArray()).map(({ _id }) => String(_id))
  return { set, connection, ids, sent: (name: string) => set.commands.filter((command) => command === name).length }
}

testWith(['MONGODB'], 'a transaction that is in the way of another begins again', async (t, server = '') => {
  const { set, connection, ids, sent } = await opened(t, server)
  set.befall('insert', 'conflict', 3)

  t.is(await connection.commit([insert('a'), insert('b')], call()), undefined)
  t.deepEqual([await ids(), sent('commitTransaction')], [['a', 'b'], 1])

  set.befall('insert', 'conflict', 10_000)
  await t.throwsAsync(connection.commit([insert('c'), insert('d')], call(300)), { code: 'DATABASE_BUSY' })
  t.deepEqual(await ids(), ['a', 'b'])
})

testWith(['MONGODB'], 'a step that is refused leaves nothing of its transaction', async (t, server = '') => {
  const { connection, ids, sent } = await opened(t, server)
  await connection.commit([insert('taken')], call())

  t.deepEqual(await connection.commit([insert('a'), insert('taken')], call()), { step: 1, reason: 'unique', index: 'primary' })
  t.deepEqual(await connection.commit([insert('a'), { do: 'delete', collection, filter: { _id: 'gone' } }], call()), { step: 1, reason: 'count' })
  t.deepEqual([await ids(), sent('abortTransaction')], [['taken'], 2])
})

testWith(['MONGODB'], 'a commit whose answer is lost is asked for until it is known, or told as unknown', async (t, server = '') => {
  const { set, connection, ids } = await opened(t, server)
  set.befall('commitTransaction', 'lost', 3)
  t.is(await connection.commit([insert('a'), insert('b')], call()), undefined)

  set.befall('commitTransaction', 'lost', 10_000)
  await t.throwsAsync(connection.commit([insert('c'), insert('d')], call(800)), { code: 'DATABASE_OUTCOME_UNKNOWN' })
  t.deepEqual(await ids(), ['a', 'b', 'c', 'd'])
})

testWith(['MONGODB'], 'a single write whose answer is lost is sent again, and applied once; lost twice, its outcome is unknown', async (t, server = '') => {
  const { set, connection, ids, sent } = await opened(t, server)
  set.befall('insert', 'lost')
  t.is(await connection.commit([insert('a')], call()), undefined)
  t.deepEqual([await ids(), sent('insert')], [['a'], 2])

  set.befall('insert', 'lost', 2)
  await t.throwsAsync(connection.commit([insert('b')], call()), { code: 'DATABASE_OUTCOME_UNKNOWN' })
  t.deepEqual(await ids(), ['a', 'b'])
})

testWith(['MONGODB'], 'a write that is not known to have reached a majority has an unknown outcome, alone or among many in one message', async (t, server = '') => {
  const { set, connection } = await opened(t, server)
  const writes: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['insert', () => connection.commit([insert('a')], call())],
    ['insert', () => connection.insert(collection, [{ _id: 'b' }, { _id: 'c' }], call())],
    ['update', () => connection.change(collection, [{ filter: { _id: 'a' }, set: { n: 1 } }], call())],
    ['delete', () => connection.remove(collection, { _id: 'a' }, call())],
  ]
  for (const [command, write] of writes) {
    set.befall(command, 'unconfirmed')
    await t.throwsAsync(write(), { code: 'DATABASE_OUTCOME_UNKNOWN' })
  }
})
