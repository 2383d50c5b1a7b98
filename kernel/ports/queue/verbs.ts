import type { Call } from '../../call.ts'
import type { PorticoError } from '../../errors.ts'
import { isoTime } from '../time.ts'
import type { QueueContext } from './context.ts'
import type { JobRow, Seen } from './driver.ts'
import { queueError } from './errors.ts'
import { leasedAt, parseToken } from './job.ts'
import type { Extended, Failed, Held, QueueOperations } from './operations.ts'
import { checkText, refuse, toJsonText } from './payload.ts'
import { QueueStage } from './stage.ts'
import { ackedBefore, answerBefore, extended, failed, holds, keepMs, released } from './states.ts'

/** How often a row that others change at the same moment is read again. */
const maxTries = 8

/** What the holder of a lease may do; each is fenced by the token. */
export function verbs(context: QueueContext): Pick<QueueOperations, 'ack' | 'fail' | 'extend' | 'release'> {
  const { driver, time, upkeep } = context

  /**
   * Reads the job, lets `decide` judge it, and writes what that answers, if nothing changed meanwhile and the lease
   * lasts; `done` is what it answered. A decision without a row changes nothing.
   */
  async function change<A>(held: Held, call: Call, decide: (seen: Seen<JobRow>, lease: string) => { readonly row?: JobRow; readonly done: A } | undefined): Promise<A> {
    const at = parseToken(held.token)
    for (let tries = 0; at && tries < maxTries; tries++) {
      const seen = await driver.read(at.id, call)
      const decision = seen?.found.queue === held.queue ? decide(seen, at.lease) : undefined
      if (!decision) throw lost(held)
      if (!decision.row) return decision.done
      const [written] = await driver.replace([decision.row], true, call)
      if (written) return decision.done
    }
    throw at ? queueError('QUEUE_BUSY', { queue: held.queue, id: at.id }, { retryAfterMs: 100 }) : lost(held)
  }

  /** A verb that is told that its lease is over. What is no token never was a lease, and does not count as a lost one. */
  function lost(held: Held): PorticoError {
    const at = parseToken(held.token)
    const figures = context.figures(held.queue)
    if (figures && at) figures.lostLeases.value++
    return queueError('QUEUE_LEASE_LOST', { queue: held.queue, id: at?.id ?? 'a job' })
  }

  const ended = (verb: 'done' | 'failures' | 'releases', held: Held) =>
    context.figures(held.queue)?.ended(verb, leasedAt(held.token), time.now())

  const active = ({ found, nowMs }: Seen<JobRow>, lease: string) => found.state === 'active' && holds(found, lease, nowMs)

  return {
    async ack(input, call) {
      const { queue } = input
      const rules = context.rulesOf(queue)
      const result = input.result === undefined ? undefined : toJsonText(input.result, { operation: 'ack', path: '/result', queue, maxBytes: rules.maxPayloadBytes })
      const at = parseToken(input.token)
      if (!at) throw lost(input)

      const done = { id: at.id, queue, token: at.lease, result, keepMs: keepMs('done', rules), lanes: rules.limits?.perKey !== undefined }
      if (call.unit) {
        QueueStage.ofCaller(call.unit, context, 'ack').acks.push(done)
        return { state: 'done' }
      }
      if (await driver.ack(done, call)) {
        ended('done', input)
        context.roomIn(queue)
        return { state: 'done' }
      }
      const seen = await driver.read(at.id, call)
      if (!seen || seen.found.queue !== queue || !ackedBefore(seen.found, at.lease, seen.nowMs)) throw lost(input)
      return { state: 'done' }
    },

    async fail(input, call) {
      const rules = context.rulesOf(input.queue)
      checkText('fail', '/error/message', input.error.message)
      checkText('fail', '/error/code', input.error.code)
      if (input.dead === true && input.retryInMs !== undefined) refuse('fail', '/retryInMs', 'cannot stand beside dead')

      const random = context.random()
      const { answer, said } = await change<{ readonly answer: Failed; readonly said: boolean }>(input, call, (seen, lease) => {
        const before = answerBefore(seen.found, 'fail', lease, seen.nowMs)
        if (before) return { done: { answer: before as Failed, said: true } }
        if (!active(seen, lease)) return undefined

        const row = failed(seen.found, lease, input, { nowMs: seen.nowMs, random, rules })
        if (row.state === 'dead') return { row, done: { answer: { state: 'dead' }, said: false } }
        upkeep.note(row.runAt - seen.nowMs)
        return { row, done: { answer: { state: 'scheduled', runAt: isoTime(row.runAt) }, said: false } }
      })
      const figures = said ? undefined : context.figures(input.queue)
      if (figures) ended('failures', input)
      if (figures && answer.state === 'dead') figures.deadLetters.value++
      context.roomIn(input.queue)
      return answer
    },

    async extend(input, call) {
      context.rulesOf(input.queue)
      checkText('extend', '/progress/message', input.progress?.message)

      const extending = change<Extended>(input, call, (seen, lease) => {
        const { found, nowMs } = seen
        if (found.state === 'cancelled' && holds(found, lease, nowMs)) return { done: { expiresInMs: (found.leaseUntil ?? nowMs) - nowMs, signal: 'cancel' } }
        if (!active(seen, lease)) return undefined

        upkeep.note(input.leaseMs)
        const row = extended(found, nowMs, input.leaseMs, input.progress)
        return { row, done: { expiresInMs: (row.leaseUntil ?? nowMs) - nowMs, signal: null } }
      })
      if (!context.capabilities.has('pause')) return extending
      const [done, pause] = await Promise.all([extending, driver.paused(input.queue, call)])
      return pause && done.signal === null ? { ...done, signal: 'drain' } : done
    },

    async release(input, call) {
      const rules = context.rulesOf(input.queue)
      const answer = await change(input, call, (seen, lease) => {
        if (answerBefore(seen.found, 'release', lease, seen.nowMs)) return { done: false }
        return active(seen, lease) ? { row: released(seen.found, lease, seen.nowMs, rules), done: true } : undefined
      })
      if (answer) {
        ended('releases', input)
        driver.wake(input.queue)
      }
      return { state: 'ready' }
    },
  }
}
