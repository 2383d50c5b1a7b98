import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { assertHostileProof } from './hostile.ts'
import { keepLog, problemOf, send } from './harness.ts'

/** Every built-in port on its embedded backend. */
async function start(t: ExecutionContext) {
  const directory = await mkdtemp(join(tmpdir(), 'portico-server-'))
  const log = keepLog()
  const kernel = await createKernel({
    version: 1, name: 'shop', server: { host: '127.0.0.1', port: 0 },
    connections: { main: { use: 'sqlite', with: { file: 'shop.db' } } },
    ports: {
      storage: { on: 'main', collections: { orders: { indexes: [['status', '-$createdAt']], unique: [['number']] }, a: {} }, views: { open: { from: 'orders', where: { status: 'open' }, select: { orderNo: 'number' } } } },
      queue: { on: 'main', queues: { emails: {}, a: {} } },
      cache: { use: 'lru', with: { maxSize: '8MiB' } },
      locks: { on: 'main' },
      'integrations.payments': { use: 'file', with: { directory: 'payments' }, operations: { charge: { method: 'POST', path: '/charges' } } },
    },
  }, { directory, log })
  t.teardown(async () => {
    await kernel.close()
    await rm(directory, { recursive: true, force: true })
  })
  const { url } = await kernel.listen()
  return { url, port: Number(new URL(url).port), log }
}

test('the ports answer over HTTP as HTTP.md says', async (t) => {
  const { url } = await start(t)

  const made = await send(`${url}/v1/storage/orders`, 'POST', { status: 'paid', number: 1 })
  t.is(made.status, 201)
  const record = await made.json() as { id: string; version: string }
  t.deepEqual(Object.keys(record), ['id', 'value', 'version', 'createdAt', 'updatedAt'])
  t.is(made.headers.get('location'), `/v1/storage/orders/${record.id}`)
  t.is(made.headers.get('etag'), `"${record.version}"`)
  t.deepEqual(await (await fetch(`${url}/v1/storage/orders/${record.id}`)).json(), record)
  t.is((await fetch(`${url}/v1/storage/orders/${record.id}`, { headers: { 'if-none-match': `"${record.version}"` } })).status, 304)
  t.is((await problemOf(t, await fetch(`${url}/v1/storage/orders/none`))).code, 'STORAGE_NOT_FOUND')
  t.is((await problemOf(t, await send(`${url}/v1/storage/orders/${record.id}`, 'PUT', {}, { 'if-match': '"other"' }))).status, 412)
  t.is((await problemOf(t, await send(`${url}/v1/storage/orders/${record.id}`, 'PUT', {}, { 'if-none-match': '*' }))).status, 409)
  t.is((await send(`${url}/v1/storage/orders/${record.id}`, 'PATCH', { status: null }, { 'content-type': 'application/merge-patch+json' })).status, 200)
  const page = await (await send(`${url}/v1/storage/orders/_find`, 'POST', { where: { number: 1 } })).json() as { items: { value: unknown }[]; next: null }
  t.deepEqual(page.items.map(({ value }) => value), [{ number: 1 }])
  t.is(page.next, null)
  t.is((await send(`${url}/v1/storage/orders/${record.id}`, 'DELETE')).status, 204)

  const job = await send(`${url}/v1/queue/emails/jobs`, 'POST', { payload: { to: 'a' } })
  t.is(job.status, 201)
  const leases = await (await send(`${url}/v1/queue/emails/leases`, 'POST', {})).json() as { items: { token: string; job: { payload: unknown } }[] }
  t.deepEqual(leases.items[0]?.job.payload, { to: 'a' })
  t.deepEqual(await (await send(`${url}/v1/queue/emails/leases/${encodeURIComponent(leases.items[0]?.token ?? '')}/ack`, 'POST', {})).json(), { state: 'done' })

  t.is((await send(`${url}/v1/cache/a%2Fb`, 'PUT', { value: 1 })).status, 204)
  t.deepEqual(await (await fetch(`${url}/v1/cache/a%2Fb`)).json(), { value: 1, ttlMs: null, stale: false })
  t.is((await send(`${url}/v1/cache/bytes`, 'PUT', { value: 'AP8=', encoding: 'base64' })).status, 204)
  t.deepEqual(await (await fetch(`${url}/v1/cache/bytes`)).json(), { value: 'AP8=', encoding: 'base64', ttlMs: null, stale: false })
  t.deepEqual(await (await send(`${url}/v1/cache/_get`, 'POST', { keys: ['bytes', 'none'] })).json(), { items: [{ value: 'AP8=', encoding: 'base64', ttlMs: null, stale: false }, null] })
  t.is((await problemOf(t, await send(`${url}/v1/cache/bytes`, 'PUT', { value: '?', encoding: 'base64' }))).code, 'INPUT_INVALID')
  t.is((await problemOf(t, await fetch(`${url}/v1/cache/none`))).code, 'CACHE_MISS')

  const granted = await send(`${url}/v1/locks/orders%2F7`, 'POST', { ttlMs: 60_000, waitMs: 0 })
  t.is(granted.status, 200)
  const { token, ...grant } = await granted.json() as { token: string; fencingToken: number; expiresInMs: number }
  t.deepEqual(Object.keys(grant), ['fencingToken', 'expiresInMs'])
  const refused = await send(`${url}/v1/locks/orders%2F7`, 'POST', { ttlMs: 60_000 })
  t.true(Number(refused.headers.get('retry-after')) > 50)
  t.is((await problemOf(t, refused)).code, 'LOCK_HELD')
  t.is(refused.status, 409)
  t.deepEqual(Object.keys(await (await send(`${url}/v1/locks/orders%2F7/_renew`, 'POST', { token, ttlMs: 60_000 })).json() as object), ['fencingToken', 'expiresInMs'])
  t.deepEqual(await (await send(`${url}/v1/locks/orders%2F7/_release`, 'POST', { token })).json(), { released: true })
  t.is((await problemOf(t, await send(`${url}/v1/locks/orders%2F7/_renew`, 'POST', { token, ttlMs: 60_000 }))).code, 'LOCK_LOST')
})

test('no input to a real port is answered with a 5xx', async (t) => {
  t.timeout(120_000)
  const { port, url } = await start(t)

  await assertHostileProof(t, port, [
    '/v1/storage', '/v1/storage/orders', '/v1/storage/a', '/v1/storage/orders/_find', '/v1/storage/_views/open/_find', '/v1/storage/_write', '/v1/storage/orders/_get', '/v1/queue', '/v1/queue/emails/jobs', '/v1/queue/emails/leases', '/v1/queue/emails/dead',
    '/v1/queue/emails/leases/token', '/v1/cache', '/v1/cache/_get', '/v1/cache/_invalidate', '/v1/integrations.payments', '/v1/integrations.payments/charge',
  ], 500)

  t.is((await fetch(`${url}/livez`)).status, 200)
})

test('the OpenAPI document of the real ports is whole', async (t) => {
  const { url } = await start(t)

  const spec = await (await fetch(`${url}/openapi.json`)).json() as { paths: object }

  for (const path of ['/v1/integrations.payments/charge', '/v1/storage/_views/{view}/_find']) t.true(Object.keys(spec.paths).includes(path))
  for (const [, reference] of JSON.stringify(spec).matchAll(/"\$ref":"([^"]+)"/g)) {
    t.truthy((reference ?? '').slice(2).split('/').reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], spec), reference)
  }
})

test('a view answers over HTTP as `_find` does, over its own names', async (t) => {
  const { url } = await start(t)
  for (const number of [1, 2]) await send(`${url}/v1/storage/orders`, 'POST', { number, status: number === 1 ? 'open' : 'paid' })

  const page = await (await send(`${url}/v1/storage/_views/open/_find`, 'POST', { orderBy: ['-orderNo'] })).json() as { items: { value: unknown; version: string }[]; next: null }
  t.deepEqual(page.items.map(({ value }) => value), [{ orderNo: 1 }])
  t.is(page.next, null)

  const unknown = await problemOf(t, await send(`${url}/v1/storage/_views/open/_find`, 'POST', { where: { number: 1 } }))
  t.like(unknown, { status: 400, code: 'INPUT_INVALID' })
  t.like(unknown.errors[0], { path: '/where/number' })
  const undeclared = await problemOf(t, await send(`${url}/v1/storage/_views/opne/_find`, 'POST', {}))
  t.like(undeclared, { status: 404, code: 'STORAGE_VIEW_NOT_FOUND' })
  t.is((await problemOf(t, await fetch(`${url}/v1/storage/_views/open/_find`))).status, 405)
})

test('a write with a Portico-Fence is refused once a later holder of the lock has written', async (t) => {
  const { url } = await start(t)
  const order = `${url}/v1/storage/orders/o1`
  const under = (fence: string) => ({ 'portico-fence': fence })

  t.is((await send(order, 'PUT', { number: 1 }, under('2 orders%2F7'))).status, 201)
  t.is((await send(order, 'PATCH', { number: 2 }, under('3 orders%2F7'))).status, 200)
  const late = await problemOf(t, await send(order, 'PUT', { number: 3 }, under('2 orders%2F7')))
  t.deepEqual([late.status, late.code], [409, 'LOCK_FENCED'])
  t.is((await problemOf(t, await send(`${url}/v1/storage/_write`, 'POST', { operations: [{ delete: { collection: 'orders', id: 'o1' } }], fence: { lock: 'orders/7', fencingToken: 2 } }))).code, 'LOCK_FENCED')
  t.deepEqual((await (await fetch(order)).json() as { value: unknown }).value, { number: 2 })

  for (const wrong of ['2', 'x orders', '2 %E0', '-1 orders', '2  orders', '2 a b', '*']) t.is((await problemOf(t, await send(order, 'PUT', { number: 4 }, under(wrong)))).status, 400, wrong)
  for (const wrong of ['0 orders', '9007199254740993 orders', `2 ${'x'.repeat(256)}`, '2 %00']) t.is((await problemOf(t, await send(order, 'PUT', { number: 4 }, under(wrong)))).code, 'INPUT_INVALID', wrong)
  // Where it is not taken it would be a write that nothing guards.
  t.is((await problemOf(t, await send(order, 'DELETE', undefined, under('3 orders%2F7')))).status, 400)
  t.is((await problemOf(t, await send(`${url}/v1/storage/orders`, 'POST', { number: 5 }, under('3 orders%2F7')))).status, 400)
})

test('a POST with an Idempotency-Key may be repeated over HTTP, and nothing that the key cannot guard takes one', async (t) => {
  const { url } = await start(t)
  const key = { 'idempotency-key': 'order-7' }
  const first = await send(`${url}/v1/storage/orders`, 'POST', { number: 7, status: 'new' }, key)

  const again = await send(`${url}/v1/storage/orders`, 'POST', { status: 'new', number: 7 }, key)
  t.deepEqual([again.status, again.headers.get('location'), again.headers.get('etag')], [201, first.headers.get('location'), first.headers.get('etag')])
  t.deepEqual(await again.json(), await first.json())
  t.is((await problemOf(t, await send(`${url}/v1/storage/orders`, 'POST', { number: 8 }, key))).code, 'STORAGE_KEY_REUSED')

  const write = () => send(`${url}/v1/storage/_write`, 'POST', { operations: [{ insert: { collection: 'a', value: {} } }, { enqueue: { queue: 'emails', payload: 1 } }] }, key)
  t.deepEqual(await (await write()).json(), await (await write()).json())
  t.deepEqual(await (await send(`${url}/v1/storage/a/_count`, 'POST', {})).json(), { count: 1 })

  t.is((await problemOf(t, await send(`${url}/v1/storage/orders/o1`, 'PUT', {}, key))).status, 400)
  t.is((await problemOf(t, await send(`${url}/v1/storage/orders`, 'POST', { number: 9 }, { 'idempotency-key': 'é' }))).status, 400)
})
