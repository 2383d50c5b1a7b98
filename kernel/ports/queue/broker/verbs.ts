import type { Call } from '../../../call.ts'
import { type PorticoError, unsupported } from '../../../errors.ts'
import { isoTime } from '../../time.ts'
import { queueError } from '../errors.ts'
import { parseToken } from '../job.ts'
import type { Failed, Held, QueueOperations } from '../operations.ts'
import { checkText, refuse, toJsonText } from '../payload.ts'
import { extended, failed, released } from '../states.ts'
import { arrivalMs } from './adding.ts'
import { type BrokerContext, ownCall } from './context.ts'
import type { Ending } from './ending.ts'
import type { HeldJob, Verb } from './held.ts'
import type { Taking } from './taking.ts'

type Verbs = Pick<QueueOperations, 'ack' | 'fail' | 'extend' | 'release'>

const releaseMs = 5_000

/** What the holder of a lease may do; the lease is known to this process alone, and ends with its connection. */
export function verbs(context: BrokerContext, taking: Taking, ending: Ending): Verbs & { releaseAll(jobs: readonly HeldJob[]): Promise<void> } {
  const { clock, held } = context

  /** A verb that is told that its lease is over. What is no token never was a lease, and does not count as a lost one. */
  function lost(held: Held): PorticoError {
    const at = parseToken(held.token)
    const figures = context.figures(held.queue)
    if (figures && at) figures.lostLeases.value++
    return queueError('QUEUE_LEASE_LOST', { queue: held.queue, id: at?.id ?? 'a job' })
  }

  const ended = (verb: 'done' | 'failures' | 'releases', { row, sinceMs }: HeldJob) => context.figures(row.queue)?.ended(verb, sinceMs, clock.now())

  /** The job, while its lease lasts. @throws QUEUE_LEASE_LOST */
  function live({ queue, token }: Held): HeldJob {
    const job = held.get(parseToken(token)?.lease)
    if (!job || job.row.queue !== queue || token !== `${job.row.token ?? ''}.${job.row.id}`) throw lost({ queue, token })
    if (!job.ending && (!job.delivery.live || (job.row.leaseUntil ?? 0) <= clock.now())) {
      taking.over(job)
      throw lost({ queue, token })
    }
    return job
  }

  /** Ends the lease by `how`, once: the same verb meanwhile, and for 10 minutes after it, is answered alike. */
  function end<A>(input: Held, verb: Verb, how: (job: HeldJob) => Promise<A>): Promise<A> {
    const before = held.answerBefore(input.token, verb)
    // Kept under this verb, it is what this verb answers.
    if (before !== undefined) return Promise.resolve(before as A)
    const job = live(input)
    if (job.ending) {
      if (job.ending.verb !== verb) throw queueError('QUEUE_BUSY', { queue: input.queue, id: job.row.id }, { retryAfterMs: 100 })
      return job.ending.answer as Promise<A>
    }
    const answer = run(job, input.token, verb, how)
    job.ending = { verb, answer }
    return answer
  }

  async function run<A>(job: HeldJob, token: string, verb: Verb, how: (job: HeldJob) => Promise<A>): Promise<A> {
    try {
      const answer = await how(job)
      held.drop(job)
      held.answered(token, verb, answer)
      return answer
    } catch (error) {
      job.ending = undefined
      // The lease goes on, and the verb can be said again, unless time or the connection ended it meanwhile.
      if (job.over || !job.delivery.live) taking.over(job)
      throw error
    }
  }

  async function release(job: HeldJob, call: Call): Promise<{ readonly state: 'ready' }> {
    await ending.moved(released(job.row, job.row.token ?? '', clock.now(), context.rulesOf(job.row.queue)), job.delivery, call)
    ended('releases', job)
    context.driver.wake(job.row.queue)
    return { state: 'ready' }
  }

  return {
    async ack(input, call) {
      const { queue } = input
      const rules = context.rulesOf(queue)
      if (call.unit) throw unsupported('queue', { binding: context.binding, what: 'ack in a unit of work', capability: 'units' })
      // It is kept nowhere, and judged all the same: what one backend refuses every backend does.
      if (input.result !== undefined) toJsonText(input.result, { operation: 'ack', path: '/result', queue, maxBytes: rules.maxPayloadBytes })
      return end(input, 'ack', async (job) => {
        await ending.done(job.row, job.delivery, call)
        ended('done', job)
        return { state: 'done' as const }
      })
    },

    async fail(input, call) {
      const rules = context.rulesOf(input.queue)
      checkText('fail', '/error/message', input.error.message)
      checkText('fail', '/error/code', input.error.code)
      if (input.dead === true && input.retryInMs !== undefined) refuse('fail', '/retryInMs', 'cannot stand beside dead')

      return end<Failed>(input, 'fail', async (job) => {
        const nowMs = clock.now()
        const row = failed(job.row, job.row.token ?? '', input, { nowMs, random: context.random(), rules })
        await ending.moved(row, job.delivery, call)
        ended('failures', job)
        const figures = context.figures(input.queue)
        if (figures && row.state === 'dead') figures.deadLetters.value++
        if (row.state === 'dead') return { state: 'dead' }
        context.wakeIn(input.queue, row.runAt - nowMs + arrivalMs)
        return { state: 'scheduled', runAt: isoTime(row.runAt) }
      })
    },

    async extend(input) {
      context.rulesOf(input.queue)
      checkText('extend', '/progress/message', input.progress?.message)

      const job = live(input)
      if (job.ending) throw lost(input)
      const nowMs = clock.now()
      // The broker takes back what is held for too long.
      const leaseMs = Math.max(0, Math.min(input.leaseMs, job.sinceMs + context.driver.maxHoldMs - nowMs))
      job.row = extended(job.row, nowMs, leaseMs, input.progress)
      taking.arm(job)
      return { expiresInMs: (job.row.leaseUntil ?? nowMs) - nowMs, signal: null }
    },

    async release(input, call) {
      context.rulesOf(input.queue)
      return end(input, 'release', (job) => release(job, call))
    },

    async releaseAll(jobs) {
      const call = ownCall(releaseMs)
      const ends = await Promise.allSettled(jobs.filter(({ ending, delivery }) => !ending && delivery.live).map((job) => {
        const answer = run(job, `${job.row.token ?? ''}.${job.row.id}`, 'release', (one) => release(one, call))
        job.ending = { verb: 'release', answer }
        return answer
      }))
      for (const one of ends) if (one.status === 'rejected') context.log.warn({ err: one.reason as unknown }, 'a job could not be given back in good order; the broker takes it back')
    },
  }
}
