import test from 'ava'
import type { Call } from '../../../kernel/plugin.ts'
import { systemClock } from '../../../kernel/clock.ts'
import { SqlQueue } from '../../../plugins/queue-sql/driver.ts'
import { prepareTables, tablesOf } from '../../../plugins/queue-sql/tables.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { startQueues } from './start.ts'

const call: Call = { signal: new AbortController().signal, remainingMs: () => 30_000, traceId: 'test', text: false, degrade: () => undefined }
const never = new AbortController().signal

test('a lease that is over is refused, also while nobody has noticed its end', async (t) => {
  const clock = new VirtualClock()
  const { bindings: [queue], connection, tables } = await startQueues(t, { clock, queues: { emails: {} }, replicas: 1 })
  const driver = new SqlQueue(connection, tables)
  await queue?.enqueue({ queue: 'emails', payload: 1 })
  const leased = await driver.lease({ queue: 'emails', max: 1, leaseMs: 1_000, token: 't' }, call)
  const [row] = leased?.found ?? []
  if (!row) throw new Error('no job was leased')
  const done = { id: row.id, queue: 'emails', token: 't', keepMs: 1, lanes: false }

  clock.now = () => (row.leaseUntil ?? 0)

  t.false(await driver.ack(done, call))
  t.deepEqual(await driver.replace([{ ...row, state: 'ready' }], true, call), [false])
  clock.now = () => (row.leaseUntil ?? 0) - 1
  t.deepEqual(await driver.replace([{ ...row, revision: row.revision + 1 }], true, call), [false])
  t.false(await driver.ack({ ...done, token: 'u' }, call))
  t.true(await driver.ack(done, call))
  t.false(await driver.ack(done, call))
})

test('acknowledgements of one turn are one program, and each is judged by its own token', async (t) => {
  const { bindings: [queue], connection, tables } = await startQueues(t, { clock: new VirtualClock(), queues: { emails: {} }, replicas: 1 })
  const driver = new SqlQueue(connection, tables)
  await queue?.enqueueMany({ queue: 'emails', jobs: Array.from({ length: 120 }, (_, payload) => ({ payload })) })
  const lease = async (max: number, token: string) => (await driver.lease({ queue: 'emails', max, leaseMs: 1_000, token }, call))?.found ?? []
  const [first, second] = [await lease(60, 'a'), await lease(60, 'b')]
  const done = (id: string, token: string, result?: string) => driver.ack({ id, queue: 'emails', token, keepMs: 1_000, lanes: false, ...(result !== undefined && { result }) }, call)

  const ofFirst = first.slice(0, 55).map(({ id }, at) => done(id, 'a', at % 2 === 0 ? String(at) : undefined))
  const twice = done(first[0]?.id ?? '', 'a')
  const foreign = done(second[0]?.id ?? '', 'a')
  const ofSecond = second.slice(1).map(({ id }) => done(id, 'b'))

  // The one that is not of this lease stood in a statement with five others: what became of those is to be read.
  t.deepEqual((await Promise.all(ofFirst)).slice(0, 50), Array.from({ length: 50 }, () => true))
  t.false(await twice)
  t.false(await foreign)
  t.true((await Promise.all(ofSecond)).every(Boolean))
  const read = async (id = '') => (await driver.read(id, call))?.found
  for (const [at, { id }] of first.entries()) t.like(await read(id), at < 55 ? { state: 'done', token: 'a', result: at % 2 === 0 ? String(at) : undefined } : { state: 'active' })
  t.like(await read(second[0]?.id), { state: 'active', token: 'b' })
})

test('many rows are read no further than they fit in memory', async (t) => {
  const clock = new VirtualClock()
  const { bindings: [queue], connection, tables } = await startQueues(t, { clock, queues: { emails: {} }, replicas: 1 })
  const driver = new SqlQueue(connection, tables)
  for (let at = 0; at < 24; at += 3) await queue?.enqueueMany({ queue: 'emails', jobs: Array.from({ length: 3 }, (_, n) => ({ payload: 'x'.repeat(1024 ** 2 - 10), idempotencyKey: String(at + n) })) })
  const range = { queue: 'emails', state: 'ready', fromMs: 0, toMs: Number.MAX_SAFE_INTEGER } as const

  const page = await driver.page({ ...range, limit: 50 }, call)
  const last = page.at(-1)
  const rest = await driver.page({ ...range, limit: 50, after: { at: last?.enqueuedAt ?? 0, id: last?.id ?? '' } }, call)
  const known = await driver.withKeys('emails', Array.from({ length: 24 }, (_, at) => String(at)), call)
  for (let leased = 0; leased < 24;) leased += (await driver.lease({ queue: 'emails', max: 24, leaseMs: 1_000, token: `t${leased}` }, call))?.found.length ?? 24
  await clock.advance(1_001)

  // The ninth is the first with 8 MiB before it.
  t.deepEqual([page.length, rest.length, known.length, (await driver.overdue(200, call)).length], [9, 9, 9, 9])
  t.is(new Set([...page, ...rest].map(({ id }) => id)).size, 18)
})

test('tables that are there are left alone, and what is missing of them is made', async (t) => {
  const { connection } = await startQueues(t, { clock: systemClock, queues: {}, replicas: 0 })
  const tables = tablesOf('queue.mail-out')
  await Promise.all([prepareTables(connection, tables, never), prepareTables(connection, tables, never)])
  const whole = await connection.table(tables.jobs, call)
  t.deepEqual(whole?.indexes.toSorted(), ['due', 'key', 'lane', 'line', 'list', 'token'].map((end) => `queue_mail-out__jobs_${end}`))

  await connection.define((knex) => knex.schema.alterTable(tables.jobs, (table) => table.dropIndex([], `${tables.jobs}_due`)), call)
  await prepareTables(connection, tables, never)

  t.deepEqual((await connection.table(tables.jobs, call))?.indexes.toSorted(), whole?.indexes.toSorted())
})

test('a lease hands out about 8 MiB of payloads at most, and always one job', async (t) => {
  const { bindings: [queue] } = await startQueues(t, { clock: systemClock, queues: { big: { maxPayload: '4MiB' } }, replicas: 1 })
  for (const mebibytes of [3, 3, 3, 3, 0]) await queue?.enqueue({ queue: 'big', payload: 'x'.repeat(mebibytes * 1024 ** 2) })
  const counts: (number | undefined)[] = []

  for (let times = 0; times < 3; times++) counts.push((await queue?.lease({ queue: 'big', max: 100 }))?.items.length)

  t.deepEqual(counts, [3, 2, 0])
})

test('a table of an earlier version gets the columns that came later', async (t) => {
  const { connection, bindings: [queue], tables, file } = await startQueues(t, { clock: systemClock, queues: { emails: {} }, replicas: 1 })
  await queue?.enqueue({ queue: 'emails', payload: 1 })
  await queue?.pause({ queue: 'emails' })
  await connection.define((knex) => knex.raw('alter table ?? drop column ??', [tables.jobs, 'size']), call)
  await connection.define((knex) => knex.raw('alter table ?? drop column ??', [tables.queues, 'reason']), call)

  const later = await startQueues(t, { clock: systemClock, queues: { emails: {} }, replicas: 1, file })

  t.like(await later.bindings[0]?.pause({ queue: 'emails', reason: 'why' }), { paused: true, pauseReason: 'why' })
  await later.bindings[0]?.resume({ queue: 'emails' })
  t.is((await later.bindings[0]?.lease({ queue: 'emails', max: 10 }))?.items.length, 1)
})

/** How the database finds the rows: the names of the indexes, and what it scans or sorts. */
test('what a lease looks through is one range of one index, and every sweep is a range, too', async (t) => {
  const { connection, tables } = await startQueues(t, { clock: systemClock, queues: {}, replicas: 0 })
  const { makeStatements, waitedOnValues } = await import('../../../plugins/queue-sql/statements.ts')
  const statements = makeStatements({ dialect: connection.dialect, shape: (build) => connection.shape(build) }, tables)
  const plan = async ({ sql, params }: { sql: string; params: readonly (string | number | bigint | null | Uint8Array)[] }) =>
    (await connection.query<{ detail: string }>({ sql: `explain query plan ${sql}`, params }, call)).map(({ detail }) => detail).join('\n')

  const lease = await plan(statements.lease({ queue: 'q', max: 1, leaseMs: 1, token: 't', worker: null, from: 0 }))
  t.regex(await plan(statements.leaseSome({ queue: 'q', max: 50, leaseMs: 1, token: 't', worker: null, from: 0 })), /__jobs_line \(line=\? AND rank>\?\)/)
  t.regex(lease, /__jobs_line \(line=\? AND rank>\?\)/)
  for (const text of [lease, await plan(statements.promote({ limit: 1 })), await plan(statements.overdue({ limit: 1, state: 'ready' })), await plan(statements.sweepJobs({ state: 'done', limit: 1 })),
    await plan(statements.page({ queue: 'q', state: 'dead', from: 0, last: 1, before: 'g', limit: 1 })), await plan(statements.due({})), await plan(statements.dueAndInLine(waitedOnValues(['q']))), await plan(statements.leased({ token: 't' }))]) {
    t.notRegex(text, /SCAN (?!picked|CONSTANT)/, text)
  }
  t.notRegex(lease, /TEMP B-TREE/)
})

test('jobs outlive the process: another connection to the file finds them', async (t) => {
  const first = await startQueues(t, { clock: systemClock, queues: { emails: {} }, replicas: 1 })
  const { id } = (await first.bindings[0]?.enqueue({ queue: 'emails', payload: { kept: true } })) ?? { id: '' }

  const second = await startQueues(t, { clock: systemClock, queues: { emails: {} }, replicas: 1, file: first.file })

  t.like(await second.bindings[0]?.get({ queue: 'emails', id }), { state: 'ready', payload: { kept: true } })
})
