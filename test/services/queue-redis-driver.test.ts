import type { AddedRow } from '../../kernel/ports/queue/index.ts'
import { RedisQueue } from '../../plugins/queue-redis/driver.ts'
import { prepare, baseOf } from '../../plugins/queue-redis/start.ts'
import { call } from '../plugins/sql-sqlite/connection.ts'
import { openConnection } from './redis.ts'
import { databaseOf, testWith } from './server.ts'

const idOf = (n: number) => `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`
const row = (n: number, given: Partial<AddedRow> = {}): AddedRow => ({
  id: idOf(n), queue: 'emails', state: 'ready', payload: '1', priority: 0, attempt: 0, attempts: 8, crashes: 0, runAt: n, rank: n, holds: false, enqueuedAt: 5, errors: [], answers: [], revision: 1, ...given,
})
const ids = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id)

testWith(['REDIS'], 'a schedule is written with its jobs or not at all, and a job of a tick is added once', async (t, server = '') => {
  const { name: prefix } = await databaseOf(t, server)
  const connection = await openConnection(t, { url: server, prefix })
  const queue = new RedisQueue(connection, baseOf(connection, 'queue'))
  const schedule = { queue: 'emails', name: 'nightly', spec: '{}', nextAt: 7, revision: 1 }

  t.true(await queue.putSchedule(schedule, undefined, [row(1)], call()))
  t.false(await queue.putSchedule(schedule, undefined, [row(2)], call()))
  t.is((await queue.due(call())).found.tick, 7)
  t.true(await queue.putSchedule({ ...schedule, nextAt: undefined, revision: 2 }, 1, [row(1), row(3)], call()))
  t.deepEqual((await queue.schedules(call())).found, [{ ...schedule, nextAt: undefined, revision: 2 }])
  t.is((await queue.due(call())).found.tick, undefined)
  t.false(await queue.dropSchedule(schedule, call()))
  t.true(await queue.dropSchedule({ ...schedule, revision: 2 }, call()))

  t.deepEqual((await queue.schedules(call())).found, [])
  t.deepEqual(ids((await queue.lease({ queue: 'emails', max: 9, leaseMs: 1_000, token: 't' }, call()))?.found ?? []), [idOf(1), idOf(3)])
})

testWith(['REDIS'], 'pages of many jobs of one millisecond have each of them once', async (t, server = '') => {
  const { name: prefix } = await databaseOf(t, server)
  const connection = await openConnection(t, { url: server, prefix })
  const queue = new RedisQueue(connection, baseOf(connection, 'queue'))
  const rows = Array.from({ length: 100 }, (_, n) => row(n, { enqueuedAt: n < 90 ? 5 : 6 }))
  await queue.commits.commit(queue.insert(rows), call())

  const seen: string[] = []
  for (let after: { at: number; id: string } | undefined; ;) {
    const page = await queue.page({ queue: 'emails', state: 'ready', fromMs: 0, toMs: 100, after, limit: 7 }, call())
    seen.push(...ids(page))
    const last = page.at(-1)
    if (!last) break
    after = { at: last.enqueuedAt, id: last.id }
  }

  t.deepEqual(seen, ids(rows).toReversed())
})

testWith(['REDIS'], 'many rows are read no further than they fit in memory', async (t, server = '') => {
  const { name: prefix } = await databaseOf(t, server)
  const connection = await openConnection(t, { url: server, prefix })
  const queue = new RedisQueue(connection, baseOf(connection, 'queue'))
  const keys = Array.from({ length: 24 }, (_, n) => String(n))
  for (const n of keys.keys()) await queue.commits.commit(queue.insert([row(n, { key: String(n), payload: `"${'x'.repeat(1024 ** 2)}"`, dueAt: 1, deadlineAt: 1 })]), call())

  const page = await queue.page({ queue: 'emails', state: 'ready', fromMs: 0, toMs: 100, limit: 50 }, call())

  t.deepEqual([page.length, (await queue.withKeys('emails', keys, call())).length, (await queue.overdue(200, call())).length], [8, 8, 8])
})

testWith(['REDIS'], 'a lane that is full is passed over, and what it set aside is looked at again when its limit is gone', async (t, server = '') => {
  const { name: prefix } = await databaseOf(t, server)
  const connection = await openConnection(t, { url: server, prefix })
  const queue = new RedisQueue(connection, baseOf(connection, 'queue'))
  await queue.commits.commit(queue.insert([...Array.from({ length: 60 }, (_, n) => row(n, { lane: '"a"' })), row(60, { lane: '"b"' })]), call())
  const wanted = { queue: 'emails', max: 2, leaseMs: 60_000, limits: { perKey: 1 } }

  t.deepEqual(ids((await queue.lease({ ...wanted, token: 't1' }, call()))?.found ?? []), [idOf(0), idOf(60)])
  t.deepEqual((await queue.lease({ ...wanted, token: 't2' }, call()))?.found, [])
  t.true(await queue.ack({ id: idOf(0), queue: 'emails', token: 't1', keepMs: 60_000, lanes: true }))
  t.deepEqual(ids((await queue.lease({ ...wanted, token: 't3' }, call()))?.found ?? []), [idOf(1)])

  await prepare(connection, 'queue', new AbortController().signal)
  t.is((await queue.lease({ queue: 'emails', max: 100, leaseMs: 60_000, token: 't4' }, call()))?.found.length, 58)
})

testWith(['REDIS'], 'queues on one connection share a unit of work: all of it or nothing', async (t, server = '') => {
  const { name: prefix } = await databaseOf(t, server)
  const connection = await openConnection(t, { url: server, prefix })
  const [first, second] = [new RedisQueue(connection, baseOf(connection, 'queue')), new RedisQueue(connection, baseOf(connection, 'queue.other'))]
  t.is(first.commits, second.commits)
  await first.commits.commit(first.insert([row(1)]), call())
  await first.lease({ queue: 'emails', max: 1, leaseMs: 60_000, token: 't' }, call())
  const steps = [...first.ackSteps({ id: idOf(1), queue: 'emails', token: 't', keepMs: 60_000, lanes: false }), ...second.insert([row(2, { key: 'k' })])]
  const states = async (queue: RedisQueue) => (await queue.counts('emails', call())).found.filter(({ count }) => count > 0)

  t.deepEqual(await first.commits.commit([...steps, ...second.insert([row(3, { key: 'k' })])], call()), { step: 2, reason: 'unique' })
  t.deepEqual([await states(first), await states(second)], [[{ state: 'active', count: 1 }], []])
  t.is(await first.commits.commit(steps, call()), undefined)
  t.deepEqual([await states(first), await states(second)], [[{ state: 'done', count: 1 }], [{ state: 'ready', count: 1 }]])
  t.deepEqual(await first.commits.commit(steps, call()), { step: 0, reason: 'count' })
})
