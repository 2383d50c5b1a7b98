import test from 'ava'
import { systemClock } from '../../../kernel/clock.ts'
import { startQueues } from './start.ts'

test('without capabilities a driver has the core, and refuses the rest before it is reached', async (t) => {
  const { bindings: [queue] } = await startQueues(t, { clock: systemClock, queues: { emails: {} }, replicas: 1, capabilities: [] })
  if (!queue) throw new Error('a binding was asked for')
  const at = { queue: 'emails' }
  const unsupported = { code: 'QUEUE_UNSUPPORTED' }

  await queue.enqueueMany({ ...at, jobs: [{ payload: 1 }, { payload: 2 }, { payload: 3 }] })
  const [a, b, c] = (await queue.lease({ ...at, max: 3 })).items
  await queue.ack({ ...at, token: a?.token ?? '' })
  await queue.fail({ ...at, token: b?.token ?? '', error: { message: 'x' } })
  await queue.release({ ...at, token: c?.token ?? '' })

  await t.throwsAsync(queue.enqueue({ ...at, payload: 1, delayMs: 1 }), unsupported)
  await t.throwsAsync(queue.enqueue({ ...at, payload: 1, runAt: new Date(0).toISOString() }), unsupported)
  await t.throwsAsync(queue.enqueue({ ...at, payload: 1, priority: 0 }), unsupported)
  await t.throwsAsync(queue.enqueue({ ...at, payload: 1, idempotencyKey: 'k' }), unsupported)
  await t.throwsAsync(queue.enqueueMany({ ...at, jobs: [{ payload: 1 }, { payload: 2, priority: 1 }] }), unsupported)
  await t.throwsAsync(queue.lease({ ...at, requestId: 'r' }), unsupported)
  await t.throwsAsync(queue.fail({ ...at, token: 'x', error: { message: 'x' }, retryInMs: 1 }), unsupported)
  await t.throwsAsync(queue.extend({ ...at, token: 'x', leaseMs: 1_000 }), unsupported)
  await t.throwsAsync(queue.get({ ...at, id: 'x' }), unsupported)
  await t.throwsAsync(queue.list(at), unsupported)
  await t.throwsAsync(queue.counts(at), unsupported)
  await t.throwsAsync(queue.redrive(at), unsupported)
  await t.throwsAsync(queue.discard({ ...at, id: 'x' }), unsupported)
  await t.throwsAsync(queue.pause(at), unsupported)
  await t.throwsAsync(queue.resume(at), unsupported)
})
