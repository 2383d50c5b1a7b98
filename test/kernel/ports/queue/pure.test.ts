import test from 'ava'
import fc from 'fast-check'
import { backoffMs, longestWaitMs } from '../../../../kernel/resilience/backoff.ts'
import { formatCursor, parseCursor } from '../../../../kernel/ports/queue/cursor.ts'
import type { JobRow } from '../../../../kernel/ports/queue/index.ts'
import { parseToken, toJob, toLease } from '../../../../kernel/ports/queue/job.ts'
import { defaultRules, rulesOf } from '../../../../kernel/ports/queue/keys.ts'
import { answerBefore, cancelled, crashed, failed, holds, redriven, released, repeatMs, settled } from '../../../../kernel/ports/queue/states.ts'
import { makeUuids } from '../../../../kernel/ports/uuid.ts'
import { JsonText } from '../../../../kernel/json.ts'
import { VirtualClock } from '../../../contract/clock.ts'

const nowMs = 1_000_000
const id = '01890000-0000-7000-8000-000000000001'
const token = '0123456789abcdef0123456789abcdef'
const active: JobRow = {
  id, queue: 'emails', state: 'active', payload: '{"a":1}', priority: 0, attempt: 1, attempts: 3, crashes: 0, runAt: 900_000, rank: 900_000, holds: false, dueAt: 1_030_000, enqueuedAt: 900_000,
  errors: [], token, leaseUntil: 1_030_000, worker: 'w1', answers: [], revision: 2,
}
const at = { nowMs, random: 0.5, rules: defaultRules }

test('backoff doubles up to its bound, with full jitter', (t) => {
  const backoff = { initialMs: 1_000, maxMs: 600_000 }

  t.deepEqual([1, 2, 3, 10, 11, 1_000].map((attempt) => longestWaitMs(backoff, attempt)), [1_000, 2_000, 4_000, 512_000, 600_000, 600_000])
  t.is(backoffMs(backoff, 3, 0), 0)
  t.is(backoffMs(backoff, 3, 0.5), 2_000)
  fc.assert(fc.property(fc.nat(86_400_000), fc.nat(2_592_000_000), fc.integer({ min: 1, max: 1_000 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (initialMs, maxMs, attempt, random) => {
    const wait = backoffMs({ initialMs, maxMs }, attempt, random)
    return Number.isSafeInteger(wait) && wait >= 0 && wait <= maxMs
  }))
})

test('a failed attempt is scheduled again, and dead after the last or when told so', (t) => {
  t.like(failed(active, token, { error: { message: 'x' } }, at), { state: 'scheduled', runAt: nowMs + 500, dueAt: nowMs + 500, token: undefined, attempt: 1 })
  t.like(failed({ ...active, attempt: 3 }, token, { error: { message: 'x' } }, at), { state: 'dead', finishedAt: nowMs })
  t.like(failed(active, token, { error: { message: 'x' }, dead: true }, at), { state: 'dead' })
  t.like(failed(active, token, { error: { message: 'x' }, retryInMs: 0 }, at), { state: 'scheduled', runAt: nowMs })
})

test('the job\'s own backoff goes before the queue\'s', (t) => {
  t.is(failed({ ...active, backoff: { initialMs: 10, maxMs: 10 } }, token, { error: { message: 'x' } }, at).runAt, nowMs + 5)
})

test('errors and answers are bounded, and answers end', (t) => {
  let row: JobRow = { ...active, attempts: 1_000 }
  for (let attempt = 1; attempt <= 300; attempt++) row = { ...failed({ ...row, attempt, token }, token, { error: { message: String(attempt) } }, at), leaseUntil: 1_030_000 }

  t.is(row.errors.length, 100)
  t.deepEqual([row.errors[0]?.message, row.errors[1]?.message, row.errors.at(-1)?.message], ['1', '202', '300'])
  t.is(row.answers.length, 32)
  t.truthy(answerBefore(row, 'fail', token, nowMs + repeatMs - 1))
  t.is(answerBefore(row, 'fail', token, nowMs + repeatMs), undefined)
  t.is(answerBefore(row, 'release', token, nowMs), undefined)
})

test('a long message is cut, and of long ones the first and the latest are kept, 16 KiB in all', (t) => {
  let row: JobRow = { ...active, attempts: 1_000 }
  for (let attempt = 1; attempt <= 100; attempt++) row = { ...failed({ ...row, attempt, token }, token, { error: { message: `${attempt}${'😀'.repeat(5_000)}`, code: 'é'.repeat(100) } }, at), leaseUntil: 1_030_000 }

  const text = JSON.stringify(row.errors)
  t.true(Buffer.byteLength(text) <= 16 * 1024, `${Buffer.byteLength(text)} bytes`)
  t.true(text.isWellFormed())
  t.deepEqual([row.errors[0]?.attempt, row.errors.at(-1)?.attempt], [1, 100])
  t.true(row.errors.every(({ message }) => message.length <= 1_000 && message.endsWith('😀…')))
})

test('a crash keeps the attempt, and its evidence', (t) => {
  const once = crashed(active, defaultRules)
  t.like(once, { state: 'ready', attempt: 1, crashes: 1, token: undefined, dueAt: undefined })
  t.deepEqual(once.errors, [{ at: new Date(1_030_000).toISOString(), attempt: 1, message: 'the lease ended without a word from worker w1', code: 'QUEUE_WORKER_LOST' }])

  t.is(crashed({ ...active, crashes: 2 }, defaultRules).state, 'dead')
  t.is(crashed({ ...active, attempt: 3 }, defaultRules).state, 'dead')
})

test('time changes a row only when its time has come', (t) => {
  t.is(settled(active, 1_029_999, defaultRules), active)
  t.is(settled(active, 1_030_000, defaultRules).crashes, 1)
  t.is(settled({ ...active, state: 'scheduled', dueAt: nowMs }, nowMs, defaultRules).state, 'ready')
  t.is(settled({ ...active, state: 'done', dueAt: nowMs }, nowMs, defaultRules).state, 'done')
})

test('a released job is as if it had not been leased', (t) => {
  t.like(released(active, token, nowMs, defaultRules), { state: 'ready', attempt: 0, runAt: 900_000, token: undefined, worker: undefined })
})

test('a cancelled job keeps its lease until that ends', (t) => {
  const row = cancelled(active, nowMs, defaultRules)
  t.is(row.state, 'cancelled')
  t.true(holds(row, token, 1_029_999))
  t.false(holds(row, token, 1_030_000))
})

test('a finished job is kept 10 minutes at least, for repeats', (t) => {
  const rules = { ...defaultRules, keep: { doneMs: 0, deadMs: 0 } }
  t.is(cancelled(active, nowMs, rules).dueAt, nowMs + repeatMs)
})

test('a redriven job has all its attempts again, and its errors still', (t) => {
  const dead = { ...failed(active, token, { error: { message: 'x' }, dead: true }, at), key: 'k', crashes: 2 }
  t.like(redriven(dead, nowMs, { queue: 'emails', payload: dead.payload, lane: undefined, runAt: nowMs, rules: defaultRules }), { state: 'ready', attempt: 0, crashes: 0, key: 'k', finishedAt: undefined, dueAt: undefined, errors: dead.errors })
  t.like(redriven(dead, nowMs, { queue: 'other', payload: dead.payload, lane: undefined, runAt: nowMs + 5, rules: defaultRules }), { queue: 'other', state: 'scheduled', key: undefined, dueAt: nowMs + 5 })
})

test('a cursor opens only with its own filter, unaltered', (t) => {
  const filter = { queue: 'emails', state: 'dead' as const, text: 'x' }
  const cursor = formatCursor(filter, { at: 5, id })

  t.deepEqual(parseCursor(filter, cursor), { at: 5, id })
  t.deepEqual(parseCursor({ ...filter, limit: 3 }, cursor), { at: 5, id })
  for (const other of [{ ...filter, queue: 'x' }, { ...filter, state: 'done' as const }, { ...filter, text: 'y' }, { queue: 'emails' }]) t.is(parseCursor(other, cursor), undefined)
  for (const altered of ['', 'x', cursor.slice(1), `${cursor}=`, `${cursor.slice(0, -2)}xx`, formatCursor({ ...filter, text: 'y' }, { at: 5, id })]) t.is(parseCursor(filter, altered), undefined)
  fc.assert(fc.property(fc.string(), (text) => parseCursor(filter, text) === undefined))
})

test('a token names its lease and its job, and nothing else does', (t) => {
  t.deepEqual(parseToken(toLease(active, nowMs, false).token), { lease: token, id })
  t.is(toLease(active, nowMs, false).expiresInMs, 30_000)
  fc.assert(fc.property(fc.string(), (text) => parseToken(text) === undefined))
})

test('stored JSON stays text for whoever asks for text', (t) => {
  t.deepEqual(toJob(active, false).payload, { a: 1 })
  t.deepEqual(toJob(active, true).payload, new JsonText('{"a":1}'))
})

test('a queue has every default, also beside what it sets', (t) => {
  t.deepEqual(rulesOf({ queues: { a: {} } }).get('a'), defaultRules)
  t.deepEqual(rulesOf({ queues: { a: { backoff: { maxMs: 5 }, keep: { doneMs: 1 } } } }).get('a'), { ...defaultRules, backoff: { initialMs: 1_000, maxMs: 5 }, keep: { doneMs: 1, deadMs: 2_592_000_000 } })
  t.is(rulesOf({}).size, 0)
})

test('ids ascend within a millisecond, past 4,096 of them, and when the clock goes back', async (t) => {
  const clock = new VirtualClock()
  const newId = makeUuids(clock)
  const ids = Array.from({ length: 10_000 }, newId)
  await clock.advance(5)
  ids.push(newId())
  clock.now = () => 0
  ids.push(newId())

  t.deepEqual(ids, ids.toSorted())
  t.is(new Set(ids).size, ids.length)
  for (const one of ids) t.regex(one, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
