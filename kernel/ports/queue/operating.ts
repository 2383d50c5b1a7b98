import type { Call } from '../../call.ts'
import type { QueueContext } from './context.ts'
import type { JobRow, Pause } from './driver.ts'
import { queueError } from './errors.ts'
import { countsOf, isJobId } from './inspecting.ts'
import type { QueueOperations } from './operations.ts'
import { checkText, judgedBefore, judgePayload, refuse } from './payload.ts'
import { cancelled, redriven, settled } from './states.ts'

const maxTries = 8
/** Jobs that are put back in one program, or removed at once. */
const atOnce = 50

/** What an operator does: `redrive`, `discardDead`, `discard`, `pause`, `resume`. */
export function operating(context: QueueContext): Pick<QueueOperations, 'redrive' | 'discardDead' | 'discard' | 'pause' | 'resume'> {
  const { driver, upkeep } = context

  async function deadOnes(input: { readonly queue: string }, ids: readonly string[] | undefined, limit: number, call: Call): Promise<readonly JobRow[]> {
    if (!ids) return driver.page({ queue: input.queue, state: 'dead', fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, limit }, call)
    const seen = await Promise.all(ids.filter(isJobId).map((id) => driver.read(id, call)))
    return seen.flatMap((one) => (one?.found.queue === input.queue && one.found.state === 'dead' ? one.found : []))
  }

  async function setPaused(queue: string, pause: Pause | undefined, call: Call) {
    context.rulesOf(queue)
    await driver.setPaused(queue, pause, call)
    if (!pause) driver.wake(queue)
    return countsOf(context, queue, call)
  }

  return {
    async redrive(input, call) {
      const queue = input.to ?? input.queue
      context.rulesOf(input.queue)
      const rules = context.rulesOf(queue)
      if (input.payload !== undefined && input.ids?.length !== 1) refuse('redrive', '/payload', 'needs `ids` with exactly one id')
      const given = input.payload === undefined ? undefined : judgePayload(input.payload, { operation: 'redrive', path: '/payload', queue }, rules)
      const judged = (row: JobRow) => given ?? judgedBefore(row.payload, rules)

      await upkeep.settle()
      const ids = input.ids && [...new Set(input.ids)]
      const limit = Math.min(input.limit ?? 1_000, ids?.length ?? 1_000)
      const nowMs = (await driver.due(call)).nowMs
      const firstAt = nowMs + (input.delayMs ?? 0)
      const runAt = (index: number) => firstAt + (input.perSecond === undefined ? 0 : Math.floor((index * 1_000) / input.perSecond))
      let moved = 0
      for (let taken = 0; taken < limit; taken += atOnce) {
        const size = Math.min(atOnce, limit - taken)
        const rows = await deadOnes(input, ids?.slice(taken, taken + size), size, call)
        const changed = rows.map((row, index) => {
          const { text: payload, lane } = judged(row)
          return redriven(row, nowMs, { queue, payload, lane, runAt: runAt(moved + index), rules })
        })
        const written = await driver.replace(changed, false, call)
        moved += written.filter(Boolean).length
        if (!ids && rows.length < size) break
      }

      if (moved > 0) driver.wake(queue)
      if (moved > 0 && firstAt > nowMs) upkeep.note(firstAt - nowMs)
      else if (moved > 0 && input.perSecond !== undefined) upkeep.note(runAt(1) - nowMs)
      return { moved }
    },

    async discardDead({ queue, ids: given }, call) {
      context.rulesOf(queue)
      await upkeep.settle()
      const ids = [...new Set(given)]
      let removed = 0
      for (let taken = 0; taken < ids.length; taken += atOnce) {
        const rows = await deadOnes({ queue }, ids.slice(taken, taken + atOnce), atOnce, call)
        removed += (await Promise.all(rows.map((row) => driver.remove(row, call)))).filter(Boolean).length
      }
      return { removed }
    },

    async discard({ queue, id }, call) {
      const rules = context.rulesOf(queue)
      for (let tries = 0; tries < maxTries; tries++) {
        const seen = isJobId(id) ? await driver.read(id, call) : undefined
        if (seen?.found.queue !== queue) throw queueError('QUEUE_JOB_NOT_FOUND', { queue, id })

        const row = settled(seen.found, seen.nowMs, rules)
        if (row.state === 'done' || row.state === 'dead' || row.state === 'cancelled') {
          if (await driver.remove(row, call)) return { state: 'removed' }
        } else {
          const [written] = await driver.replace([cancelled(row, seen.nowMs, rules)], false, call)
          if (written) {
            context.roomIn(queue)
            return { state: 'cancelled' }
          }
        }
      }
      throw queueError('QUEUE_BUSY', { queue, id }, { retryAfterMs: 100 })
    },

    async pause({ queue, reason }, call) {
      checkText('pause', '/reason', reason)
      return setPaused(queue, { reason }, call)
    },
    resume: ({ queue }, call) => setPaused(queue, undefined, call),
  }
}
