import type { Job } from '../../kernel/ports/queue/index.ts'
import { type BoundQueue, promise, type QueueCase } from './queue-case.ts'

const mebibyte = 'x'.repeat(1024 ** 2 - 10)

/** Adds jobs of a mebibyte each, a few in one message, as much as every server takes. */
async function addLarge(queue: BoundQueue, count: number): Promise<void> {
  for (let at = 0; at < count; at += 3) {
    await queue.enqueueMany({ queue: 'emails', jobs: Array.from({ length: Math.min(3, count - at) }, (_, n) => ({ payload: mebibyte, idempotencyKey: `large-${at + n}` })) })
  }
}

/** What is read whole is bounded by its bytes, for many large jobs fit in no memory. */
export const byteCases: readonly QueueCase[] = [
  promise('known jobs that are more than 8 MiB together are not answered in one, and nothing is added', ['idempotency', 'inspect'], async (t, { queue }) => {
    await addLarge(queue, 24)
    const again = (count: number) => queue.enqueueMany({ queue: 'emails', jobs: [{ payload: 'new' }, ...Array.from({ length: count }, (_, at) => ({ payload: null, idempotencyKey: `large-${at}` }))] })

    await t.throwsAsync(again(24), { code: 'QUEUE_KNOWN_JOBS_TOO_LARGE' })

    t.is((await queue.counts({ queue: 'emails' })).ready, 24)
    t.deepEqual((await again(3)).items.map(({ payload }) => String(payload).length), [3, mebibyte.length, mebibyte.length, mebibyte.length])
  }),

  promise('a job is found behind many large ones, page by page, and each is listed once', ['idempotency', 'inspect', 'delay'], async (t, { queue }) => {
    await queue.enqueue({ queue: 'emails', payload: 'the oldest' })
    await queue.enqueue({ queue: 'emails', payload: 'the oldest of those to come', delayMs: 3_600_000 })
    await addLarge(queue, 24)
    await queue.enqueueMany({ queue: 'emails', jobs: Array.from({ length: 30 }, (_, payload) => ({ payload })) })
    const all = async (filter: object) => {
      const found: Job[] = []
      for (let after: string | null = null, pages = 0; pages < 60; pages++) {
        const page: { items: readonly Job[]; next: string | null } = await queue.list({ queue: 'emails', ...filter, ...(after !== null && { after }) })
        found.push(...page.items)
        after = page.next
        if (after === null) break
      }
      return found.map(({ id }) => id)
    }

    for (const filter of [{ state: 'ready' }, {}]) {
      const ids = await all({ ...filter, limit: 100 })
      t.is(ids.length, 'state' in filter ? 55 : 56)
      t.is(new Set(ids).size, ids.length)
      t.is((await all({ ...filter, text: 'the oldest' })).length, 'state' in filter ? 1 : 2)
    }
  }),
]
