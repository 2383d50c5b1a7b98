import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { testDatabase, testKernel } from '../contract/index.ts'

const manifest = {
  version: 1, name: 'shop',
  connections: { main: { use: 'postgres', with: { url: '${env:DATABASE_URL}' } } },
  ports: {
    'storage': { on: 'main', collections: { orders: {} } },
    'storage.reports': { on: { use: 'mongodb', with: { url: '${secret:reports}', maxConnections: 5 } }, collections: { daily: {} } },
    'queue': { on: 'main', queues: { emails: {} } },
    'integrations.mail': { use: 'file', with: { directory: '/var/lib/shop/mail' }, operations: { send: { method: 'POST', path: '/send' } } },
  },
}

test('a manifest for servers starts on this machine alone, and leaves nothing behind', async (t) => {
  const { ports, kernel, close } = await testKernel(manifest)

  await ports.storage.put({ collection: 'orders', id: 'o1', value: {} })
  await ports['storage.reports']?.put({ collection: 'daily', id: 'd1', value: {} })
  await ports['integrations.mail']?.call({ operation: 'send', input: {} })
  const unit = kernel.unit()
  await ports.queue.enqueue({ queue: 'emails', payload: 1 }, { unit })
  await ports.storage.patch({ collection: 'orders', id: 'o1', patch: { told: true } }, { unit })
  await unit.commit()
  const files = kernel.manifest.connections.map(({ settings }) => String(settings['file']))
  t.deepEqual(files.map((file) => existsSync(file)), [true, true])
  t.not(files[0], files[1])
  await close()

  t.deepEqual(files.map((file) => existsSync(dirname(file))), [false, false])
})

test('time stands still until the test moves it', async (t) => {
  const { ports, clock, close } = await testKernel(manifest)
  t.teardown(close)
  await ports.storage.put({ collection: 'orders', id: 'o1', value: {}, ttlMs: 3_600_000 })

  await clock.advance(3_599_999)
  t.is((await ports.storage.get({ collection: 'orders', id: 'o1' })).id, 'o1')
  await clock.advance(1)
  await t.throwsAsync(ports.storage.get({ collection: 'orders', id: 'o1' }), { code: 'STORAGE_NOT_FOUND' })
})

test('two kernels of one manifest share nothing', async (t) => {
  const [one, other] = await Promise.all([testKernel(manifest), testKernel(manifest)])
  t.teardown(() => Promise.all([one.close(), other.close()]))

  await one.ports.storage.put({ collection: 'orders', id: 'o1', value: {} })

  t.deepEqual(await other.ports.storage.count({ collection: 'orders' }), { count: 0 })
})

test.serial('what is wrong with a manifest is told, and leaves nothing behind', async (t) => {
  const own = await mkdtemp(join(tmpdir(), 'portico-own-'))
  const usual = process.env['TMPDIR']
  process.env['TMPDIR'] = own
  t.teardown(async () => {
    if (usual === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = usual
    await rm(own, { recursive: true })
  })

  await t.throwsAsync(testKernel({ ...manifest, prots: {} }), { code: 'MANIFEST_INVALID', message: /prots/ })

  t.deepEqual(await readdir(own), [])
})

test('what the test sets comes last', async (t) => {
  const { kernel, close } = await testKernel(manifest, { set: ['connections.main.with.busyTimeout=1s'] })
  t.teardown(close)
  t.is(kernel.manifest.connections.find(({ name }) => name === 'main')?.settings['busyTimeoutMs'], 1_000)
})

test('a test database of SQLite is a file, gone when it is dropped', async (t) => {
  const database = await testDatabase('sqlite:')
  const { ports, close } = await testKernel(manifest, { database })
  await ports.storage.put({ collection: 'orders', id: 'o1', value: {} })

  t.true(existsSync(fileURLToPath(database.url)))
  await close()
  t.true(existsSync(fileURLToPath(database.url)))
  await database.drop()

  t.false(existsSync(dirname(fileURLToPath(database.url))))
  await t.throwsAsync(testDatabase('oracle://localhost/x'), { instanceOf: TypeError, message: /oracle:/ })
})
