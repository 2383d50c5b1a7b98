import test from 'ava'
import fc from 'fast-check'
import { isPorticoError } from '../../../kernel/plugin.ts'
import type { JobState } from '../../../kernel/ports/queue/index.ts'
import { VirtualClock } from '../../contract/clock.ts'
import type { BoundQueue } from '../../contract/queue.ts'
import { QueueModel } from '../../kernel/ports/queue/model.ts'
import { startQueues } from './start.ts'

const maxCrashes = 2
const at = { queue: 'emails' }
const pick = fc.nat(1_000)

/** One thing that a client, or time, does; `pick` chooses among the tokens or jobs there are. */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('enqueue' as const), priority: fc.integer({ min: -1, max: 1 }), delayMs: fc.constantFrom(0, 0, 300, 2_000), attempts: fc.integer({ min: 1, max: 3 }), key: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('lease' as const), max: fc.integer({ min: 1, max: 3 }), leaseMs: fc.constantFrom(100, 1_000) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('ack' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fail' as const), pick, retryInMs: fc.constantFrom(0, 500), dead: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('extend' as const), pick, leaseMs: fc.constantFrom(100, 1_500) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('discard' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('redrive' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 99, 100, 500, 1_000) }) },
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

class Run {
  readonly model = new QueueModel(maxCrashes)
  readonly queue: BoundQueue
  readonly clock: VirtualClock
  /** Every token that was ever given out, and what it answered. */
  readonly tokens: string[] = []
  readonly answered = new Map<string, { readonly verb: string; readonly answer: unknown }>()

  constructor(queue: BoundQueue, clock: VirtualClock) {
    this.queue = queue
    this.clock = clock
  }

  /** Undefined when the queue did what the model says; else what differed. */
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
      return equal('extend', answer, { expiresInMs: one.leaseMs, signal: null })
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
    for (const job of dead) Object.assign(job, { state: 'ready', attempt: 0, crashes: 0, runAt: this.clock.now() })
  }
}

function equal(what: string, actual: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (a !== b) throw new Error(`${what}: the queue says ${a ?? 'nothing'}, the model ${b ?? 'nothing'}`)
}

test('random operations do what the model says', async (t) => {
  t.timeout(120_000)
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 100, size: 'max' }), async (steps) => {
    const teardowns: (() => unknown)[] = []
    const clock = new VirtualClock()
    const { bindings: [queue] } = await startQueues({ teardown: (end: () => unknown) => void teardowns.push(end) }, { clock, queues: { emails: { maxCrashes } }, replicas: 1 })
    if (!queue) throw new Error('a binding was asked for')
    try {
      const run = new Run(queue, clock)
      for (const one of steps) await run.take(one)
      await run.compare()
    } finally {
      for (const end of teardowns) await end()
    }
  }), { numRuns: 20 })
  t.pass()
})
