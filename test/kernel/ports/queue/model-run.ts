import fc from 'fast-check'
import { isPorticoError } from '../../../../kernel/plugin.ts'
import type { Extended, JobState } from '../../../../kernel/ports/queue/index.ts'
import type { SteppedClock, VirtualClock } from '../../../contract/clock.ts'
import type { BoundQueue } from '../../../contract/queue.ts'
import { QueueModel } from './model.ts'

const maxCrashes = 2
const at = { queue: 'emails' }
const pick = fc.nat(1_000)

/** What a run works on, as the manifest writes it. */
export const modelQueues = { emails: { maxCrashes } } as const

/** The times that steps may name, and how far one that the queue told may be from the one that was asked for. */
export interface ModelTimes {
  readonly delayMs: readonly number[]
  readonly leaseMs: readonly number[]
  readonly retryInMs: readonly number[]
  readonly passMs: readonly number[]
  readonly toleranceMs: number
}

/** With a clock that is moved by hand. */
export const movedTimes: ModelTimes = { delayMs: [0, 0, 300, 2_000], leaseMs: [100, 1_000], retryInMs: [0, 500], passMs: [1, 99, 100, 500, 1_000], toleranceMs: 0 }
/** With a backend that has a time of its own: nothing comes due while a run lasts. */
export const farTimes: ModelTimes = { delayMs: [0, 0, 600_000], leaseMs: [600_000], retryInMs: [600_000], passMs: [], toleranceMs: 5_000 }

/** One thing that a client, or time, does; `pick` chooses among the tokens or jobs there are. */
const stepOf = ({ delayMs, leaseMs, retryInMs, passMs }: ModelTimes) => fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('enqueue' as const), priority: fc.integer({ min: -1, max: 1 }), delayMs: fc.constantFrom(...delayMs), attempts: fc.integer({ min: 1, max: 3 }), key: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('lease' as const), max: fc.integer({ min: 1, max: 3 }), leaseMs: fc.constantFrom(...leaseMs) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('ack' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fail' as const), pick, retryInMs: fc.constantFrom(...retryInMs), dead: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('extend' as const), pick, leaseMs: fc.constantFrom(...leaseMs) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('discard' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('redrive' as const) }) },
  ...(passMs.length > 0 ? [{ weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(...passMs) }) }] : []),
)
type Step = ReturnType<typeof stepOf> extends fc.Arbitrary<infer S> ? S : never

type ModelClock = VirtualClock | SteppedClock

class Run {
  readonly model = new QueueModel(maxCrashes)
  readonly queue: BoundQueue
  readonly clock: ModelClock
  readonly toleranceMs: number
  /** Every token that was ever given out, and what it answered. */
  readonly tokens: string[] = []
  readonly answered = new Map<string, { readonly verb: string; readonly answer: unknown }>()

  constructor(queue: BoundQueue, clock: ModelClock, toleranceMs: number) {
    this.queue = queue
    this.clock = clock
    this.toleranceMs = toleranceMs
  }

  /** @throws Error that tells what differed from what the model says. */
  async take(one: Step): Promise<void> {
    this.model.pass(this.clock.now())
    switch (one.do) {
      case 'pass': return this.clock.advance(one.ms)
      case 'enqueue': return this.#enqueue(one)
      case 'lease': return this.#lease(one)
      case 'discard': return this.#discard(one.pick)
      case 'redrive': return this.#redrive()
      default: return this.#verb(one)
    }
  }

  async compare(): Promise<void> {
    this.model.pass(this.clock.now())
    const counts = await this.queue.counts(at)
    for (const state of ['ready', 'scheduled', 'active', 'done', 'dead'] as const) equal(`${state} jobs`, counts[state], this.model.count(state))
    for (const job of this.model.jobs) {
      const found = await this.queue.get({ ...at, id: job.id })
      equal('a job', { state: found.state, attempt: found.attempt, crashes: found.crashes, errors: found.errors.length }, { state: job.state, attempt: job.attempt, crashes: job.crashes, errors: job.errors })
    }
  }

  async #enqueue({ priority, delayMs, attempts, key }: Extract<Step, { do: 'enqueue' }>): Promise<void> {
    const known = this.model.byKey(key)
    const job = await this.queue.enqueue({ ...at, payload: null, priority, attempts, ...(delayMs > 0 && { delayMs }), ...(key !== undefined && { idempotencyKey: key }) })
    equal('a repeated key', job.repeated ? job.id : undefined, known?.id)
    if (!known) this.model.add(job, this.clock.now())
  }

  async #lease({ max, leaseMs }: Extract<Step, { do: 'lease' }>): Promise<void> {
    const expected = this.model.next(max)
    const { items } = await this.queue.lease({ ...at, max, leaseMs })
    equal('leased jobs', items.map(({ job }) => job.id), expected)
    for (const { token, job } of items) {
      const kept = this.model.find(job.id)
      if (kept) Object.assign(kept, { state: 'active', token, attempt: kept.attempt + 1, leaseUntil: this.clock.now() + leaseMs })
      this.tokens.push(token)
    }
  }

  async #verb(one: Extract<Step, { do: 'ack' | 'fail' | 'release' | 'extend' }>): Promise<void> {
    const token = this.tokens[one.pick % Math.max(1, this.tokens.length)]
    if (token === undefined) return
    const job = this.model.held(token)
    const before = this.answered.get(token)
    const answer: unknown = await this.#send(one, token).catch((error: unknown) => (isPorticoError(error) ? error.code : error))

    if (!job) {
      // The models agree on who holds what; whoever holds nothing is refused, or answered as before.
      const cancelled = one.do === 'extend' && typeof answer === 'object'
      if (!cancelled) equal(`${one.do} of no lease`, answer, before?.verb === one.do ? before.answer : 'QUEUE_LEASE_LOST')
      return
    }
    if (one.do === 'extend') {
      job.leaseUntil = this.clock.now() + one.leaseMs
      const { expiresInMs, signal } = answer as Extended
      if (Math.abs(expiresInMs - one.leaseMs) > this.toleranceMs) equal('the end of a lease', expiresInMs, one.leaseMs)
      return equal('the signal', signal, null)
    }
    this.answered.set(token, { verb: one.do, answer })
    job.token = undefined
    if (one.do === 'ack') job.state = 'done'
    if (one.do === 'release') Object.assign(job, { state: 'ready', attempt: job.attempt - 1 })
    if (one.do === 'fail') {
      job.errors++
      job.state = one.dead || job.attempt >= job.attempts ? 'dead' : 'scheduled'
      if (job.state === 'scheduled') job.runAt = this.clock.now() + one.retryInMs
    }
    equal(`the state after ${one.do}`, (answer as { state: JobState }).state, job.state)
  }

  #send(one: Extract<Step, { do: 'ack' | 'fail' | 'release' | 'extend' }>, token: string): Promise<unknown> {
    const held = { ...at, token }
    if (one.do === 'ack') return this.queue.ack(held)
    if (one.do === 'release') return this.queue.release(held)
    if (one.do === 'extend') return this.queue.extend({ ...held, leaseMs: one.leaseMs })
    return this.queue.fail({ ...held, error: { message: 'x' }, ...(one.dead ? { dead: true } : { retryInMs: one.retryInMs }) })
  }

  async #discard(picked: number): Promise<void> {
    const job = this.model.jobs[picked % Math.max(1, this.model.jobs.length)]
    if (!job || ['done', 'dead', 'cancelled'].includes(job.state)) return
    equal('discard', await this.queue.discard({ ...at, id: job.id }), { state: 'cancelled' })
    job.state = 'cancelled'
  }

  async #redrive(): Promise<void> {
    const dead = this.model.jobs.filter((job) => job.state === 'dead')
    equal('redrive', await this.queue.redrive(at), { moved: dead.length })
    for (const job of dead) {
      const { runAt } = await this.queue.get({ ...at, id: job.id })
      Object.assign(job, { state: 'ready', attempt: 0, crashes: 0, runAt: Date.parse(runAt) })
    }
  }
}

function equal(what: string, actual: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (a !== b) throw new Error(`${what}: the queue says ${a ?? 'nothing'}, the model ${b ?? 'nothing'}`)
}

type Teardown = () => void | Promise<void>

/** Makes an empty queue by `modelQueues`; `teardown` is for what it leaves. */
export type StartModel = (t: { teardown(end: Teardown): void }) => Promise<{ readonly queue: BoundQueue; readonly clock: ModelClock }>

/** Random operations on a queue do what the model says. */
export async function runModel(start: StartModel, times: ModelTimes, numRuns: number): Promise<void> {
  await fc.assert(fc.asyncProperty(fc.array(stepOf(times), { minLength: 5, maxLength: 100, size: 'max' }), async (steps) => {
    const teardowns: Teardown[] = []
    try {
      const { queue, clock } = await start({ teardown: (end) => void teardowns.push(end) })
      const run = new Run(queue, clock, times.toleranceMs)
      for (const one of steps) await run.take(one)
      await run.compare()
    } finally {
      for (const end of teardowns) await end()
    }
  }), { numRuns })
}
