import type { Call } from '../../../call.ts'
import { databaseError } from '../../database.ts'
import { queueError } from '../errors.ts'
import { toLease } from '../job.ts'
import type { Lease, QueueOperations } from '../operations.ts'
import { checkText } from '../payload.ts'
import type { BrokerContext } from './context.ts'
import type { HeldJob } from './held.ts'
import type { Taking } from './taking.ts'

interface LeasingParts {
  readonly context: BrokerContext
  readonly taking: Taking
  /** Back into the queue, as if they had not been leased. */
  readonly release: (jobs: readonly HeldJob[]) => Promise<void>
}

/** `lease`, with its waiting. */
export function leasing({ context, taking, release }: LeasingParts): Pick<QueueOperations, 'lease'> {
  const { driver, clock, waiting, held, binding } = context

  /** The jobs that are in line now. */
  async function take(queue: string, max: number, wanted: { readonly leaseMs: number; readonly worker: string | undefined }, call: Call): Promise<readonly HeldJob[]> {
    for (;;) {
      if (held.room <= 0) held.dropLost()
      const room = Math.min(max, held.room)
      if (room <= 0) throw databaseError(binding, 'busy', '')
      const deliveries = await driver.take(queue, room, call)
      if (deliveries.length === 0) return []
      const leased = await taking.lease(deliveries, { queue, ...wanted })
      if (leased.length > 0) return leased
    }
  }

  return {
    async lease(input, call) {
      const { queue } = input
      const rules = context.rulesOf(queue)
      checkText('lease', '/workerId', input.workerId, 'name')
      const untilMs = clock.now() + (input.waitMs ?? 0)
      const wanted = { leaseMs: input.leaseMs ?? rules.leaseMs, worker: input.workerId }
      const answer = (jobs: readonly HeldJob[]): { readonly items: readonly Lease[] } => ({ items: jobs.map(({ row }) => toLease(row, clock.now(), call.text)) })

      for (let waited = false; ; waited = true) {
        const wakes = waiting.wakes(queue)
        const jobs = await take(queue, input.max ?? 1, wanted, call)
        if (jobs.length > 0) {
          waiting.pass(queue)
          if (!waited || !call.signal.aborted) {
            context.figures(queue)?.leased(jobs.map(({ row }) => row), clock.now())
            return answer(jobs)
          }
          // Its caller went away meanwhile: no worker would ever see them.
          await release(jobs)
          return { items: [] }
        }

        const leftMs = Math.min(untilMs - clock.now(), call.remainingMs())
        if (leftMs <= 0 || context.closed()) return { items: [] }
        if (waiting.full) throw queueError('QUEUE_TOO_MANY_WAITING', { binding, max: waiting.max }, { retryAfterMs: 1_000 })
        const woken = waiting.wait(queue, wakes, leftMs, call.signal)
        context.attend()
        await woken
        if (call.signal.aborted) {
          // It may have been this caller that the wake-up let go.
          waiting.pass(queue)
          return { items: [] }
        }
      }
    },
  }
}
