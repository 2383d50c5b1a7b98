import type { Call } from '../../call.ts'
import type { QueueContext } from './context.ts'
import type { JobRow, LeaseWanted, Seen } from './driver.ts'
import { queueError } from './errors.ts'
import { newToken, toLease } from './job.ts'
import type { Lease, QueueOperations } from './operations.ts'
import { checkText } from './payload.ts'
import { released } from './states.ts'

type Leases = { readonly items: readonly Lease[] }

/** `lease`, with its waiting. */
export function leasing(context: QueueContext): Pick<QueueOperations, 'lease'> {
  const { driver, clock, time, waiting, upkeep } = context
  /** Requests that are being answered here, so that their repeat meanwhile takes no jobs of its own. */
  const asked = new Map<string, Promise<Leases>>()

  async function take(wanted: Omit<LeaseWanted, 'token'>, untilMs: number, call: Call): Promise<Leases> {
    const answer = (seen: Seen<readonly JobRow[]>): Leases => ({ items: seen.found.map((row) => toLease(row, seen.nowMs, call.text)) })
    let waited = false

    for (;;) {
      const wakes = waiting.wakes(wanted.queue)
      await upkeep.settle()
      const askedMs = clock.now()
      const leased = await driver.lease({ ...wanted, token: newToken(time.now()) }, call)
      if (!leased) return answer((await driver.requested(wanted.queue, wanted.requestId ?? '', call)) ?? { found: [], nowMs: 0 })

      if (leased.found.length > 0) {
        time.learn(leased.nowMs, askedMs)
        upkeep.note(wanted.leaseMs)
        waiting.pass(wanted.queue)
        if (!waited || !call.signal.aborted || wanted.requestId !== undefined) {
          context.figures(wanted.queue)?.leased(leased.found, leased.nowMs)
          return answer(leased)
        }
        await giveBack(leased, call)
        return { items: [] }
      }

      if (await upkeep.lookAgain()) continue

      const leftMs = Math.min(untilMs - clock.now(), call.remainingMs())
      const lookAgainMs = Math.min(leftMs, leased.againInMs ?? Number.POSITIVE_INFINITY)
      if (leftMs <= 0 || context.closed()) return { items: [] }
      if (waiting.full) throw queueError('QUEUE_TOO_MANY_WAITING', { binding: context.binding, max: waiting.max }, { retryAfterMs: 1_000 })

      waited = true
      const woken = waiting.wait(wanted.queue, wakes, lookAgainMs, call.signal)
      upkeep.attend()
      await woken
      if (call.signal.aborted) {
        // It may have been this caller that the wake-up let go.
        waiting.pass(wanted.queue)
        return { items: [] }
      }
    }
  }

  /** Its caller went away while the jobs were being leased: no worker would ever see them. */
  async function giveBack({ found, nowMs }: Seen<readonly JobRow[]>, call: Call): Promise<void> {
    await driver.replace(found.map((row) => released(row, row.token ?? '', nowMs, context.rulesOf(row.queue))), true, call)
    for (const queue of new Set(found.map((row) => row.queue))) driver.wake(queue)
  }

  async function takeOnce(wanted: Omit<LeaseWanted, 'token'>, requestId: string, untilMs: number, call: Call): Promise<Leases> {
    const before = await driver.requested(wanted.queue, requestId, call)
    if (before) return { items: before.found.map((row) => toLease(row, before.nowMs, call.text)) }
    return take(wanted, untilMs, call)
  }

  return {
    async lease(input, call) {
      const { queue, requestId } = input
      const rules = context.rulesOf(queue)
      checkText('lease', '/workerId', input.workerId, 'name')
      checkText('lease', '/requestId', requestId, 'name')

      // From here: a repeat also waits for the one that it repeats.
      const untilMs = clock.now() + (input.waitMs ?? 0)
      const wanted = { queue, max: input.max ?? 1, leaseMs: input.leaseMs ?? rules.leaseMs, worker: input.workerId, requestId, limits: rules.limits }
      if (requestId === undefined) return take(wanted, untilMs, call)

      const name = JSON.stringify([queue, requestId])
      // However the first one ended, what it leased is found under its request.
      await asked.get(name)?.catch(() => undefined)
      const answer = takeOnce(wanted, requestId, untilMs, call).finally(() => {
        if (asked.get(name) === answer) asked.delete(name)
      })
      asked.set(name, answer)
      return answer
    },
  }
}
