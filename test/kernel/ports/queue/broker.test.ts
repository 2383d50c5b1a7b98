import test, { type ExecutionContext } from 'ava'
import { Ended } from '../../../../kernel/ports/queue/broker/ended.ts'
import { toRow, toState } from '../../../../kernel/ports/queue/broker/envelope.ts'
import type { BrokerDelivery, BrokerQueue, JobRow } from '../../../../kernel/ports/queue/index.ts'
import { defaultRules } from '../../../../kernel/ports/queue/keys.ts'
import { VirtualClock } from '../../../contract/clock.ts'
import { bindQueue, queueKeys } from './bound-queues.ts'

const job: JobRow = {
  id: '01a21587-4c4a-7000-9321-eb665211e832', queue: 'emails', state: 'ready', payload: '{"to":"a@example.com"}', priority: 0, attempt: 2, attempts: 8, crashes: 1,
  backoff: { initialMs: 5, maxMs: 10 }, progress: { percent: 50, message: 'half' }, runAt: 1_700_000_000_000, rank: 1_700_000_000_000, holds: false, enqueuedAt: 1_600_000_000_000,
  errors: [{ at: '2026-11-21T10:00:00.000Z', attempt: 1, message: 'no route', code: 'SMTP_451' }], answers: [], revision: 3,
}

function delivery(state: string, more: Partial<BrokerDelivery> = {}): BrokerDelivery {
  return { queue: 'emails', id: job.id, payload: Buffer.from(job.payload), state, returns: 0, live: true, ack: () => Promise.resolve(), giveBack: () => undefined, ...more }
}

test('a job comes out of a message as it went in', (t) => {
  t.deepEqual(toRow(delivery(toState(job)), defaultRules), { ...job })
})

test('the header of a job fits a frame, whatever its errors are, and keeps the latest', (t) => {
  const errors = Array.from({ length: 100 }, (_, at) => ({ at: '2026-11-21T10:00:00.000Z', attempt: at + 1, message: '😀'.repeat(5_000), code: 'X'.repeat(100) }))

  const state = toState({ ...job, errors })

  t.true(Buffer.byteLength(state) < 32_768)
  const row = toRow(delivery(state), defaultRules)
  const kept = typeof row === 'string' ? t.fail(row) : row
  t.is(kept.errors.at(-1)?.attempt, 100)
  t.true(kept.errors.every(({ message }) => message.isWellFormed()))
})

test('what is no job is told by what is wrong with it', (t) => {
  const state = toState(job)
  const bad: readonly BrokerDelivery[] = [
    delivery('{'), delivery('null'), delivery('[]'), delivery(JSON.stringify({ ...job, attempt: 'x' })), delivery(state.replace('"crashes":1', '"crashes":-1')),
    delivery(state, { id: undefined }), delivery(state, { id: 'x' }), { ...delivery(state), state: undefined },
    delivery(state, { payload: Buffer.from('{') }), delivery(state, { payload: Buffer.from([0x22, 0xff, 0x22]) }), delivery(state, { payload: Buffer.alloc(4 * 1024 ** 2 + 1, '1') }),
  ]
  for (const one of bad) t.is(typeof toRow(one, defaultRules), 'string')
})

test('a message that was ended is known again, a later one of the same job is not, and memory is bounded', (t) => {
  const ended = new Ended()
  ended.from('a', 3)
  ended.from('a', 2)
  t.deepEqual([1, 2, 3].map((revision) => ended.has('a', revision)), [true, true, false])

  for (let at = 0; at < 50_000; at++) ended.from(`job ${at}`, Number.POSITIVE_INFINITY)
  t.false(ended.has('a', 1))
  t.true(ended.has('job 49999', 1_000_000))
})

/** A broker of one queue without delays, whose answers to acknowledgements wait for `answers`. */
function slowBroker(t: ExecutionContext, answers: Promise<undefined>) {
  const line: BrokerDelivery[] = []
  const driver: BrokerQueue = {
    keeps: 'messages', maxHoldMs: 60_000,
    send: async (messages) => {
      for (const { id, payload, state } of messages) line.push(delivery(state, { id, payload: Buffer.from(payload), ack: () => answers }))
    },
    take: async (_queue, max) => line.splice(0, max),
    wake: () => undefined,
    onWake: () => () => undefined,
  }
  const queue = bindQueue(driver, { keys: queueKeys({ emails: {} }), clock: new VirtualClock(), capabilities: ['delay', 'retryAt'], onClose: (close) => t.teardown(close) })
  return { queue, line }
}

test('a job that was sent anew is leased again, also before the broker has answered for the message that it was', async (t) => {
  const answers = Promise.withResolvers<undefined>()
  const { queue, line } = slowBroker(t, answers.promise)
  await queue.enqueue({ queue: 'emails', payload: 1 })
  const [first] = (await queue.lease({ queue: 'emails' })).items

  const failing = queue.fail({ queue: 'emails', token: first?.token ?? '', error: { message: 'x' }, retryInMs: 0 })
  while (line.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const [second] = (await queue.lease({ queue: 'emails' })).items
  t.like(second?.job, { id: first?.job.id, attempt: 2 })

  answers.resolve(undefined)
  t.is((await failing).state, 'scheduled')
  t.deepEqual(await queue.ack({ queue: 'emails', token: second?.token ?? '' }), { state: 'done' })
})

test('a message that is there twice is leased once', async (t) => {
  const { queue, line } = slowBroker(t, Promise.resolve(undefined))
  await queue.enqueue({ queue: 'emails', payload: 1 })
  line.push(...line)

  t.is((await queue.lease({ queue: 'emails', max: 10 })).items.length, 1)
})
