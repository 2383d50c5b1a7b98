import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import { keepingLog } from './binding/echo.ts'

/** Storage and queue on one connection, and a second storage on another. */
async function start(t: ExecutionContext) {
  const directory = await mkdtemp(join(tmpdir(), 'portico-units-'))
  const kernel = await createKernel({
    version: 1,
    connections: { main: { use: 'sqlite', with: { file: 'main.db' } }, other: { use: 'sqlite', with: { file: 'other.db' } } },
    ports: {
      storage: { on: 'main', collections: { orders: { unique: [['number']] }, counters: {} } },
      'storage.elsewhere': { on: 'other', collections: { orders: {} } },
      queue: { on: 'main', queues: { emails: {} } },
      'queue.elsewhere': { on: 'other', queues: { emails: {} } },
    },
  }, { directory, env: {}, log: keepingLog() })
  t.teardown(async () => {
    await kernel.close()
    await rm(directory, { recursive: true, force: true })
  })
  const elsewhere = kernel.ports['storage.elsewhere']
  const otherQueue = kernel.ports['queue.elsewhere']
  if (!elsewhere || !otherQueue) throw new TypeError('the manifest declares both')
  return { kernel, storage: kernel.ports.storage, queue: kernel.ports.queue, elsewhere, otherQueue }
}

test('a document and its job are there together once the unit commits, and neither before', async (t) => {
  const { kernel, storage, queue } = await start(t)
  const unit = kernel.unit()

  const order = await storage.insert({ collection: 'orders', value: { number: 1 } }, { unit })
  const job = await queue.enqueue({ queue: 'emails', payload: { order: order.id } }, { unit })
  t.is((await storage.count({ collection: 'orders' })).count, 0)
  t.is((await queue.counts({ queue: 'emails' })).ready, 0)

  await unit.commit()

  t.deepEqual((await storage.get({ collection: 'orders', id: order.id })).value, { number: 1 })
  t.deepEqual((await queue.get({ queue: 'emails', id: job.id })).payload, { order: order.id })
  await t.throwsAsync(unit.commit(), { code: 'UNIT_OF_WORK_ENDED' })
})

test('a document that is refused takes its job with it', async (t) => {
  const { kernel, storage, queue } = await start(t)
  await storage.insert({ collection: 'orders', value: { number: 1 } })
  const unit = kernel.unit()

  await queue.enqueue({ queue: 'emails', payload: null }, { unit })
  await storage.insert({ collection: 'orders', value: { number: 1 } }, { unit })

  await t.throwsAsync(unit.commit(), { code: 'STORAGE_NOT_UNIQUE' })
  t.is((await queue.counts({ queue: 'emails' })).ready, 0)
})

test('a binding on another connection is refused, whichever comes first', async (t) => {
  const { kernel, storage, queue, elsewhere, otherQueue } = await start(t)
  const unit = kernel.unit()
  await storage.insert({ collection: 'orders', value: {} }, { unit })

  await t.throwsAsync(elsewhere.insert({ collection: 'orders', value: {} }, { unit }), { code: 'UNIT_OF_WORK_FOREIGN' })
  await t.throwsAsync(otherQueue.enqueue({ queue: 'emails', payload: 1 }, { unit }), { code: 'UNIT_OF_WORK_FOREIGN' })
  await queue.enqueue({ queue: 'emails', payload: 1 }, { unit })
  await unit.commit()

  t.is((await storage.count({ collection: 'orders' })).count, 1)
})

test('`write` takes a job of the queue on its own connection, and names the operation that is refused', async (t) => {
  const { storage, queue, elsewhere } = await start(t)

  const { results } = await storage.write({ operations: [{ insert: { collection: 'orders', id: 'o1', value: {} } }, { enqueue: { queue: 'emails', payload: { order: 'o1' } } }] })
  t.is(results.length, 2)
  t.is((await queue.counts({ queue: 'emails' })).ready, 1)

  const foreign = await t.throwsAsync(elsewhere.write({ operations: [{ insert: { collection: 'orders', id: 'o1', value: {} } }, { enqueue: { queue: 'emails', payload: 1 } }] }), { code: 'UNIT_OF_WORK_FOREIGN' })
  t.is((foreign as Error & { errors: { path: string }[] }).errors[0]?.path, '/operations/1')
  t.is((await elsewhere.count({ collection: 'orders' })).count, 0)

  await t.throwsAsync(storage.write({ operations: [{ enqueue: { queue: 'letters', payload: 1 } }] }), { code: 'QUEUE_NOT_FOUND' })
  await t.notThrowsAsync(elsewhere.write({ operations: [{ enqueue: { binding: 'queue.elsewhere', queue: 'emails', payload: 1 } }] }))
})

test('50 writers that increment one record by unit, each with a job, end at 50 of both', async (t) => {
  const { storage, queue } = await start(t)
  await storage.put({ collection: 'counters', id: 'c', value: { count: 0 } })

  await Promise.all(Array.from({ length: 50 }, () => storage.unit(async (unit) => {
    const { value } = await storage.get({ collection: 'counters', id: 'c' }, { unit })
    await storage.put({ collection: 'counters', id: 'c', value: { count: Number(value['count']) + 1 } }, { unit })
    await queue.enqueue({ queue: 'emails', payload: null }, { unit })
  })))

  t.deepEqual((await storage.get({ collection: 'counters', id: 'c' })).value, { count: 50 })
  t.is((await queue.counts({ queue: 'emails' })).ready, 50)
})
