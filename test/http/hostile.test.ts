import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import { silentLog } from '../contract/log.ts'
import { problemOf, send } from '../kernel/server/harness.ts'

async function start(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'portico-hostile-'))
  const kernel = await createKernel({
    version: 1, name: 'shop', server: { host: '127.0.0.1', port: 0 },
    connections: { main: { use: 'sqlite', with: { file: 'shop.db' } } },
    ports: {
      storage: { on: 'main', collections: { notes: {}, orders: { indexes: [['status', '-$createdAt']], unique: [['number']] } } },
      queue: { on: 'main', queues: { emails: {} } },
      cache: { use: 'lru' },
      'integrations.payments': { use: 'file', with: { directory: 'payments' }, operations: { charge: { method: 'POST', path: '/charges/{id}' } } },
    },
  }, { directory })
  t.teardown(async () => {
    await kernel.close()
    await rm(directory, { recursive: true, force: true })
  })
  return (await kernel.listen()).url
}

test('each refusal names the place in the request', async (t) => {
  const url = await start(t)
  const deep = (levels: number) => JSON.parse('{"a":'.repeat(levels) + '1' + '}'.repeat(levels)) as object

  for (const [method, path, body, status, place] of [
    ['POST', '/v1/storage/notes', [1], 400, ''],
    ['POST', '/v1/storage/notes', { a: { $b: 1 } }, 400, '/a/$b'],
    ['PUT', '/v1/storage/notes/n1', { a: [{ _bsontype: 1 }] }, 400, '/a/0/_bsontype'],
    ['PUT', '/v1/storage/notes/n1', deep(31), 400, '/a'.repeat(30)],
    ['PATCH', '/v1/storage/notes/n1', [], 400, ''],
    ['PUT', '/v1/storage/notes/%5fx', {}, 400, '/id'],
    ['POST', '/v1/storage/notes?ttlMs=1e3', {}, 400, '/ttlMs'],
    ['POST', '/v1/storage/notes/_find', { where: { $id: { $prefix: 1 } } }, 400, '/where/$id/$prefix'],
    ['POST', '/v1/storage/_write', { operations: [{ put: { collection: 'notes', id: '_', value: {} } }] }, 400, '/operations/0'],
    ['POST', '/v1/queue/emails/jobs', { payload: 1, runAt: '2026-02-31T00:00:00.000Z' }, 400, '/runAt'],
    ['POST', '/v1/queue/emails/dead/_redrive', { queue: 5 }, 400, '/queue'],
    ['POST', '/v1/integrations.payments/charge', { id: '..' }, 422, '/id'],
    ['POST', '/v1/integrations.payments/charge', [1], 422, '/id'],
  ] as const) {
    const problem = await problemOf(t, await send(url + path, method, body))
    t.is(problem.status, status, path)
    t.is(problem.errors[0]?.path, place, `${method} ${path}`)
  }
})

test('a condition that cannot stand beside another one is named', async (t) => {
  const url = await start(t)

  const problem = await problemOf(t, await send(`${url}/v1/storage/notes/n1`, 'PUT', {}, { 'if-match': '*', 'if-none-match': '*' }))

  t.is(problem.status, 400)
  t.deepEqual(problem.errors, [{ path: '/If-None-Match', message: 'cannot stand beside the other fields' }])
})

test('what an id begins with may be as long as a body', async (t) => {
  const url = await start(t)

  const answer = await send(`${url}/v1/storage/notes/_find`, 'POST', { where: { $id: { $prefix: 'x'.repeat(900_000) } } })

  t.deepEqual(await answer.json(), { items: [], next: null })
})

test('patches that multiply a document are refused before they fill the memory', async (t) => {
  const url = await start(t)
  await send(`${url}/v1/storage/notes/n1`, 'PUT', { text: 'x'.repeat(1_000_000) })

  const operations = Array.from({ length: 100 }, (_, at) => ({ patch: { collection: 'notes', id: 'n1', patch: { at } } }))
  const problem = await problemOf(t, await send(`${url}/v1/storage/_write`, 'POST', { operations }))

  t.is(problem.code, 'STORAGE_UNIT_TOO_LARGE')
  t.is((await send(`${url}/v1/storage/_write`, 'POST', { operations: operations.slice(0, 10) })).status, 200)
  t.is((await (await fetch(`${url}/v1/storage/notes/n1`)).json() as { value: { at: number } }).value.at, 9)
})

test('a list whose operations read more records than are read ahead at once sees them all', async (t) => {
  const url = await start(t)
  const ids = Array.from({ length: 200 }, (_, at) => `n${at}`)
  await send(`${url}/v1/storage/_write`, 'POST', { operations: ids.map((id) => ({ insert: { collection: 'notes', id, value: { id } } })) })

  const patched = await send(`${url}/v1/storage/_write`, 'POST', { operations: [...ids, ...ids].map((id) => ({ patch: { collection: 'notes', id, patch: { seen: id } } })) })

  t.is(patched.status, 200)
  const { items } = await (await send(`${url}/v1/storage/notes/_find`, 'POST', { limit: 1_000 })).json() as { items: { id: string; value: object }[] }
  t.deepEqual(items.map(({ value }) => value), items.map(({ id }) => ({ id, seen: id })))
})

test('the loop turns while a long list of operations is applied', async (t) => {
  const url = await start(t)
  await send(`${url}/v1/storage/notes/n1`, 'PUT', { list: Array.from({ length: 100_000 }, () => 1) })

  let turns = 0
  const count = setInterval(() => turns++, 1)
  const answer = await send(`${url}/v1/storage/_write`, 'POST', { operations: Array.from({ length: 60 }, (_, at) => ({ patch: { collection: 'notes', id: 'n1', patch: { at } } })) })
  clearInterval(count)

  t.is(answer.status, 200)
  // Once at least for each operation or two: each parses and writes 200 KB.
  t.true(turns > 20, `${turns}`)
})

test('a payload or result of the largest size that a queue may take gets in on every way, and no larger body', async (t) => {
  const kernel = await createKernel({ version: 1, name: 'shop', server: { host: '127.0.0.1', port: 0 }, ports: { queue: { use: 'memory', queues: { emails: { maxPayload: '4MiB' } } } } }, { log: silentLog })
  t.teardown(() => kernel.close())
  const emails = `${(await kernel.listen()).url}/v1/queue/emails`
  const heavy = 'x'.repeat(4 * 1024 ** 2 - 2)
  const lease = async () => (await kernel.ports.queue.lease({ queue: 'emails' })).items[0]

  t.is((await send(`${emails}/jobs`, 'POST', { payload: heavy })).status, 201)
  const dead = await lease()
  await kernel.ports.queue.fail({ queue: 'emails', token: dead?.token ?? '', error: { message: 'no' }, dead: true })
  const redriven = await send(`${emails}/dead/_redrive`, 'POST', { ids: [dead?.job.id], payload: heavy })
  t.is(redriven.status, 200)
  t.is((await send(`${emails}/leases/${(await lease())?.token ?? ''}/ack`, 'POST', { result: heavy })).status, 200)
  t.is((await send(`${emails}/dead/_redrive`, 'POST', { ids: [dead?.job.id], payload: heavy + heavy })).status, 413)
})
