import { systemClock } from '../../../kernel/clock.ts'
import { isPorticoError } from '../../../kernel/plugin.ts'
import { startQueues } from './start.ts'

// Started by kill.test.ts: enqueues, leases and acknowledges, and prints each answer once it has it, until it is killed.
const [, , file = '', round = ''] = process.argv
const { bindings: [queue] } = await startQueues({ teardown: () => undefined }, { clock: systemClock, queues: { work: { lease: '200ms', maxCrashes: 1000, attempts: 1000 } }, writer: 'worker', replicas: 1, file })
if (!queue) throw new Error('a binding was asked for')
const at = { queue: 'work' }
const tell = (what: string, id: string) => process.stdout.write(`${what} ${id}\n`)

async function adding(lane: number): Promise<never> {
  for (let count = 0; ; count++) {
    const { id } = (await queue?.enqueue({ ...at, payload: count, idempotencyKey: `${round}-${lane}-${count}` })) ?? { id: '' }
    tell('added', id)
  }
}

async function working(): Promise<never> {
  for (;;) {
    const { items } = (await queue?.lease({ ...at, max: 5, waitMs: 1_000 })) ?? { items: [] }
    await Promise.all(items.map(async ({ token, job }) => {
      try {
        await queue?.ack({ ...at, token })
        tell('done', job.id)
      } catch (error) {
        // On a busy machine the 200 ms of a lease may pass before its turn: then the job is leased again, as promised.
        if (!isPorticoError(error) || error.code !== 'QUEUE_LEASE_LOST') throw error
      }
    }))
  }
}

await Promise.all([adding(1), adding(2), adding(3), adding(4), working(), working()])
