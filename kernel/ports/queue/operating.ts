import type { Call } from '../../call.ts'
import { isPorticoError } from '../../errors.ts'
import type { Json } from '../../json.ts'
import type { QueueContext } from './context.ts'
import type { JobRow, Pause } from './driver.ts'
import { queueError } from './errors.ts'
import { countsOf, isJobId } from './inspecting.ts'
import type { QueueOperations } from './operations.ts'
import { checkText, judgedBefore, type JudgedPayload, judgePayload, refuse } from './payload.ts'
import { cancelled, redriven, settled } from './states.ts'

const maxTries = 8
/** Jobs that are put back in one program, or removed at once. */
const atOnce = 50
/** Dead jobs that one call looks at for those that fit another queue. */
const mostLooked = 5_000
/** Jobs that are read by their ids at once, whatever their size. */
const namedAtOnce = 8

/** What an operator does: `redrive`, `discardDead`, `discard`, `pause`, `resume`. */
export function operating(context: QueueContext): Pick<QueueOperations, 'redrive' | 'discardDead' | 'discard' | 'pause' | 'resume'> {
  const { driver, upkeep } = context

  async function deadOnes(queue: string, ids: readonly string[], call: Call): Promise<readonly JobRow[]> {
    const seen = await Promise.all(ids.filter(isJobId).map((id) => driver.read(id, call)))
    return seen.flatMap((one) => (one?.found.queue === queue && one.found.state === 'dead' ? one.found : []))
  }

  /** The next of the latest dead ones. */
  function deadAfter(queue: string, last: JobRow | undefined, limit: number, call: Call): Promise<readonly JobRow[]> {
    const after = last && { at: last.finishedAt ?? last.enqueuedAt, id: last.id }
    return driver.page({ queue, state: 'dead', fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, after, limit }, call)
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
      const ids = input.ids && [...new Set(input.ids)]
      /** Undefined when the queue that it would go to does not take it. */
      const judged = (row: JobRow): JudgedPayload | undefined => {
        if (given || queue === input.queue) return given ?? judgedBefore(row.payload, rules)
        try {
          return judgePayload(JSON.parse(row.payload) as Json, { operation: 'redrive', path: '/payload', queue }, rules)
        } catch (error) {
          if (!isPorticoError(error) || ids?.length === 1) throw error
          return undefined
        }
      }

      await upkeep.settle()
      const limit = Math.min(input.limit ?? 1_000, ids?.length ?? 1_000)
      const nowMs = (await driver.due(call)).nowMs
      const firstAt = nowMs + (input.delayMs ?? 0)
      const runAt = (index: number) => firstAt + (input.perSecond === undefined ? 0 : Math.floor((index * 1_000) / input.perSecond))
      let [moved, refused, looked] = [0, 0, 0]
      let last: JobRow | undefined
      const most = ids ? namedAtOnce : atOnce
      while (moved < limit && looked < (ids?.length ?? mostLooked)) {
        const size = Math.min(most, limit - moved)
        const rows = await (ids ? deadOnes(input.queue, ids.slice(looked, looked + size), call) : deadAfter(input.queue, last, size, call))
        looked += size
        last = rows.at(-1)
        const fit = rows.flatMap((row) => {
          const payload = judged(row)
          return payload ? { row, payload } : []
        })
        refused += rows.length - fit.length
        const changed = fit.map(({ row, payload: { text: payload, lane } }, index) => redriven(row, nowMs, { queue, payload, lane, runAt: runAt(moved + index), rules }))
        if (changed.length > 0) moved += (await driver.replace(changed, false, call)).filter(Boolean).length
        if (!ids && rows.length === 0) break
      }

      if (moved > 0) driver.wake(queue)
      if (moved > 0 && firstAt > nowMs) upkeep.note(firstAt - nowMs)
      else if (moved > 0 && input.perSecond !== undefined) upkeep.note(runAt(1) - nowMs)
      return { moved, ...(refused > 0 && { refused }) }
    },

    async discardDead({ queue, ids: given }, call) {
      context.rulesOf(queue)
      await upkeep.settle()
      const ids = [...new Set(given)]
      let removed = 0
      for (let taken = 0; taken < ids.length; taken += namedAtOnce) {
        const rows = await deadOnes(queue, ids.slice(taken, taken + namedAtOnce), call)
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
