import test from 'ava'
import { VirtualClock } from '../../contract/clock.ts'
import { startQueues } from './start.ts'

const turns = async () => { for (let times = 0; times < 20; times++) await new Promise((resolve) => setImmediate(resolve)) }

test('who waits in another process on the same file gets a job within a second, though no wake-up reaches it', async (t) => {
  const clock = new VirtualClock()
  const queues = { emails: {}, paused: {} }
  const { bindings: [sender], file } = await startQueues(t, { clock, queues, replicas: 1 })
  const { bindings: [worker] } = await startQueues(t, { clock, queues, replicas: 1, file })
  if (!sender || !worker) throw new Error('both were started')
  await sender.pause({ queue: 'paused' })
  const got: string[] = []
  const waiting = ['emails', 'paused'].map(async (queue) => {
    const { items } = await worker.lease({ queue, waitMs: 20_000 })
    got.push(...items.map(() => queue))
  })
  await turns()
  await clock.advance(2_500)

  for (const queue of ['emails', 'paused']) await sender.enqueue({ queue, payload: 1 })
  await turns()
  t.deepEqual(got, [])
  await clock.advance(1_000)
  await waiting[0]
  t.deepEqual(got, ['emails'])

  await clock.advance(20_000)
  await waiting[1]
  t.deepEqual(got, ['emails'])
})
