import { createKernel } from '../../kernel/index.ts'
import { silentLog } from '../contract/log.ts'
import { folder } from '../plugins/storage-sql/harness.ts'
import { killInTheMiddle } from '../plugins/storage-sql/killed-migration.ts'
import { databaseOf, testWith } from './server.ts'

for (const server of ['POSTGRES', 'MARIADB'] as const) {
  testWith([server], 'a migration that is killed in the middle, four times, finishes at the fifth, and nothing was done twice', async (t, url) => {
    await killInTheMiddle(t, folder(t), (await databaseOf(t, url)).connection, 1_200)
  })
}

testWith(['POSTGRES'], 'an index that a cut build left invalid is built again', async (t, url) => {
  const { connection } = await databaseOf(t, url)
  const manifest = (orders: object) => ({ version: 1, name: 'invalid', connections: { main: connection }, ports: { storage: { on: 'main', collections: { orders } } } })
  const first = await createKernel(manifest({}), { log: silentLog, env: {} })
  for (const id of ['o1', 'o2']) await first.ports.storage.insert({ collection: 'orders', id, value: { number: 7 } })
  t.teardown(() => first.close())

  // PostgreSQL leaves an invalid index where a unique one meets the same values twice.
  await t.throwsAsync(createKernel(manifest({ unique: [['number']] }), { log: silentLog, env: {} }), { code: 'STORAGE_INDEX_NOT_FILLED', message: /orders\/o1, orders\/o2/ })
  await first.ports.storage.put({ collection: 'orders', id: 'o2', value: { number: 8 } })
  const second = await createKernel(manifest({ unique: [['number']] }), { log: silentLog, env: {} })
  t.teardown(() => second.close())

  await t.throwsAsync(second.ports.storage.insert({ collection: 'orders', value: { number: 8 } }), { code: 'STORAGE_NOT_UNIQUE' })
  t.like(await second.ports.storage.migrationPlan(), { pending: false })
})

testWith(['POSTGRES'], 'writers go on while an index is filled and built, and none of what they write is missed', async (t, url) => {
  const { connection } = await databaseOf(t, url)
  const manifest = { version: 1, name: 'serving', connections: { main: connection }, ports: { storage: { on: 'main', collections: { orders: { indexes: [['n']] } } } } }
  const plain = { ...manifest, ports: { storage: { on: 'main', collections: { orders: {} } } } }
  const first = await createKernel(plain, { log: silentLog, env: {} })
  for (let at = 0; at < 4; at++) await first.ports.storage.write({ operations: Array.from({ length: 1_000 }, (_, n) => ({ insert: { collection: 'orders', id: `a${at * 1_000 + n}`, value: { n: 1 } } })) })
  await first.close()
  // Its columns are there, and its keys are not: as a replica finds it that starts while another one fills.
  const serving = await createKernel(manifest, { log: silentLog, env: {}, preparing: 'nothing' })
  t.teardown(() => serving.close())

  const applying = serving.ports.storage.migrate()
  let written = 0
  let through = false
  void applying.then(() => { through = true })
  while (!through) {
    const wrote = await serving.ports.storage.put({ collection: 'orders', id: `b${written}`, value: { n: 2 } }).then(() => true, () => false)
    if (wrote) written++
    else await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await applying

  t.true(written > 0)
  t.deepEqual(await serving.ports.storage.count({ collection: 'orders', where: { n: 2 } }), { count: written })
  t.deepEqual(await serving.ports.storage.count({ collection: 'orders', where: { n: 1 } }), { count: 4_000 })
})
