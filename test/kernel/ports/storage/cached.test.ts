import test, { type ExecutionContext } from 'ava'
import type { Json } from '../../../../kernel/plugin.ts'
import type { Bound } from '../../../../kernel/index.ts'
import { testKernel } from '../../../contract/test-kernel.ts'

const manifest = {
  version: 1, name: 'cached',
  connections: { main: { use: 'sqlite', with: { file: 'a.db' } } },
  ports: {
    // Before the cache, as it is written: the plan starts the cache first.
    storage: { on: 'main', collections: { orders: { unique: [['number']] }, others: {} }, cache: { binding: 'cache.records', collections: { orders: { ttl: '1m' } } } },
    'cache.records': { use: 'lru', expose: false },
  },
}

const key = '_storage/orders/o1'
const get = { collection: 'orders', id: 'o1' }

/** What the cache has of the record. */
async function cached(cache: Bound['cache']): Promise<Json | undefined> {
  const [value] = await cache.rememberMany<Json>([key], async () => [undefined])
  return value
}

async function replace(cache: Bound['cache'], value: Json): Promise<void> {
  await cache.forget([key])
  await cache.rememberMany([key], async () => [value])
}

async function start(t: ExecutionContext) {
  const { ports, clock, kernel, close } = await testKernel(manifest)
  t.teardown(close)
  const cache = ports['cache.records']
  if (!cache) throw new Error('there is no cache')
  await ports.storage.insert({ ...get, value: { n: 1, number: 'a' } })
  return { storage: ports.storage, cache, clock, kernel }
}

test('a record that was read is in the cache, whole, and is answered from there', async (t) => {
  const { storage, cache } = await start(t)
  const first = await storage.get(get)
  t.truthy(await cached(cache))

  t.deepEqual(await storage.get(get), first)
  t.deepEqual(await storage.getMany({ collection: 'orders', ids: ['none', 'o1'] }), { items: [null, first] })
  // As the cache has it: no database was asked.
  await replace(cache, ['v9', 0, 0, '{"n":9}'])
  t.like(await storage.get(get), { version: 'v9', value: { n: 9 } })
})

const writes: Readonly<Record<string, (storage: Bound['storage'], version: string) => Promise<unknown>>> = {
  put: (storage) => storage.put({ ...get, value: { n: 2 } }),
  'put with ifVersion': (storage, ifVersion) => storage.put({ ...get, value: { n: 2 }, ifVersion }),
  patch: (storage) => storage.patch({ ...get, patch: { n: 2 } }),
  delete: (storage) => storage.delete(get),
  'write: a put': (storage) => storage.write({ operations: [{ check: { ...get, ifVersion: '*' } }, { put: { ...get, value: { n: 2 } } }] }),
  'write: a patch': (storage) => storage.write({ operations: [{ patch: { ...get, patch: { n: 2 } } }] }),
  'write: a delete and an insert': (storage) => storage.write({ operations: [{ delete: get }, { insert: { ...get, value: { n: 2 } } }] }),
  'a unit of work': (storage) => storage.unit(async (unit) => {
    await storage.get(get, { unit })
    await storage.put({ ...get, value: { n: 2 } }, { unit })
    await storage.insert({ collection: 'others', value: {} }, { unit })
  }),
  'a typed collection': (storage) => storage.collection<{ n: number }>('orders').put({ id: 'o1', value: { n: 2 } }),
}

for (const [what, write] of Object.entries(writes)) {
  test(`${what}: what was cached before is not answered after`, async (t) => {
    const { storage, cache } = await start(t)
    const { version } = await storage.get(get)
    t.truthy(await cached(cache))

    await write(storage, version)

    t.is(await cached(cache), undefined)
    const after = await storage.getMany({ collection: 'orders', ids: ['o1'] })
    t.is(after.items[0]?.value.n, what === 'delete' ? undefined : 2)
  })
}

test('a write that is refused leaves the cache as it is, and one that is none removes nothing', async (t) => {
  const { storage, cache } = await start(t)
  await storage.get(get)

  await t.throwsAsync(storage.put({ ...get, value: { n: 2 }, ifVersion: 'other' }), { code: 'STORAGE_VERSION_CONFLICT' })
  await t.throwsAsync(storage.insert({ ...get, value: {} }), { code: 'STORAGE_ALREADY_EXISTS' })
  await storage.write({ operations: [{ check: { ...get, ifVersion: '*' } }] })

  t.truthy(await cached(cache))
})

test('a unit of work reads past the cache: what it saw must hold when it commits', async (t) => {
  const { storage, cache } = await start(t)
  const { version } = await storage.get(get)
  await replace(cache, ['v9', 0, 0, '{"n":9}'])

  await storage.unit(async (unit) => {
    t.is((await storage.get(get, { unit })).version, version)
    t.is((await storage.getMany({ collection: 'orders', ids: ['o1'] }, { unit })).items[0]?.version, version)
  })
  t.like(await storage.patch({ ...get, patch: { m: 1 } }), { value: { n: 1, m: 1 } })
})

test('a find is not answered from the cache', async (t) => {
  const { storage, cache } = await start(t)
  await storage.get(get)
  await replace(cache, ['v9', 0, 0, '{"n":9}'])

  t.is((await storage.find({ collection: 'orders' })).items[0]?.value.n, 1)
})

test('over HTTP the record, its ETag and 304 are the same from the cache', async (t) => {
  const { kernel, cache } = await start(t)
  const { url } = await kernel.listen()
  const ask = (headers: Record<string, string> = {}) => fetch(`${url}/v1/storage/orders/o1`, { headers })
  const first = await ask()
  t.truthy(await cached(cache))
  const second = await ask()

  t.is(second.headers.get('etag'), first.headers.get('etag'))
  t.deepEqual(await second.json(), await first.json())
  t.is((await ask({ 'if-none-match': first.headers.get('etag') ?? '' })).status, 304)
  t.is((await fetch(`${url}/v1/cache.records/storage%2Forders%2Fo1`)).status, 404)
})

test('an optional cache that is not there costs nothing but its speed', async (t) => {
  const { ports, close } = await testKernel({
    ...manifest, connections: { ...manifest.connections, none: { use: 'redis', with: { url: 'redis://127.0.0.1:1', connectWithin: '200ms' } } },
    ports: { ...manifest.ports, 'cache.records': { on: 'none', optional: true } },
  })
  t.teardown(close)
  await ports.storage.insert({ ...get, value: { n: 1 } })
  await ports.storage.put({ ...get, value: { n: 2 } })

  t.is((await ports.storage.get(get)).value.n, 2)
})

test('no policy on the cache keeps a commit from taking out what it wrote', async (t) => {
  const { ports, close } = await testKernel({
    ...manifest, policies: { narrow: { bulkhead: { concurrent: 1, queued: 0 } } },
    ports: { ...manifest.ports, 'cache.records': { use: 'lru', policy: 'narrow' } },
  })
  t.teardown(close)
  const ids = Array.from({ length: 20 }, (_, at) => `o${at}`)
  const each = (n: number) => Promise.all(ids.map((id) => ports.storage.put({ collection: 'orders', id, value: { n, number: id } })))
  const read = async () => (await ports.storage.getMany({ collection: 'orders', ids })).items.map((record) => record?.value.n)
  await each(1)
  t.deepEqual(await read(), ids.map(() => 1))

  await each(2)

  t.deepEqual(await read(), ids.map(() => 2))
})

test('faults that are rehearsed on a cache are its backend\'s: nothing fails, and no record is older than the last commit', async (t) => {
  let drawn = 0
  const { ports, close } = await testKernel({ ...manifest, chaos: { 'cache.records': { errors: '30%' } } }, { allowChaos: true, random: () => (drawn++ % 10) / 10 })
  t.teardown(close)
  const cache = ports['cache.records']

  for (let n = 0; n < 100; n++) {
    await ports.storage.put({ ...get, value: { n } })
    t.is((await ports.storage.get(get)).value.n, n)
    let degraded = 0
    await t.notThrowsAsync(cache?.set({ key: 'a', value: n }, { onDegraded: () => { degraded++ } }) ?? Promise.reject(new Error('there is no cache')))
    if (degraded === 0) t.is((await cache?.get({ key: 'a' }))?.value ?? n, n)
  }
})
