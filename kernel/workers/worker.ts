import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Job, Lease } from '../ports/queue/operations.ts'
import { Attempt } from './attempt.ts'
import { Change } from './change.ts'
import { Halting } from './halting.ts'
import { LeaseKeeper, type KeptLease } from './lease-keeper.ts'
import type { WorkerOperations } from './operations.ts'
import { failureOf, type Outcome } from './outcome.ts'
import { Pace } from './pace.ts'
import { Settling } from './settling.ts'
import { sleep } from './sleep.ts'
import { SteadyClock } from './steady-clock.ts'

/** Does one job; what it throws fails the attempt. */
export type Run = (job: Job, kept: Pick<KeptLease, 'signal' | 'progress'>, log: Log) => Promise<Outcome>

export interface WorkerParts {
  /** Who holds a lease, as the queue's errors tell it: `shop-mails`. */
  readonly name: string
  /** Of the queue. */
  readonly binding: string
  readonly queue: string
  readonly operations: WorkerOperations
  readonly capabilities: ReadonlySet<string>
  readonly concurrency: number
  readonly leaseMs: number
  /** How long an attempt may take; undefined where `run` sees to that by itself. */
  readonly timeoutMs?: number
  readonly run: Run
  readonly clock: Clock
  readonly log: Log
  /** In [0, 1). */
  readonly random: () => number
  /** Hides secrets in what the queue keeps. */
  readonly hide: (text: string) => string
}

/** How a worker is, for who operates it. */
export interface WorkerState {
  readonly binding: string
  readonly queue: string
  readonly name: string
  /** `slowed`: its receiver asked for less · `stopped`: it takes no jobs, for the reason. */
  readonly state: 'working' | 'slowed' | 'stopped' | 'draining'
  readonly reason?: string
  /** Jobs that it is doing. */
  readonly running: number
}

const waitMs = 20_000
const maxBatch = 100
const maxBackoffMs = 30_000
/** A handler that was told to stop has this long to do so before its job is given back all the same. */
export const stopMs = 1_000

/** Takes jobs of one queue and does them, as many at once as it is let; says of each how it ended. */
export class Worker {
  readonly #parts: WorkerParts
  readonly #keeper: LeaseKeeper
  readonly #settling: Settling
  readonly #pace: Pace
  readonly #halting: Halting
  readonly #running = new Set<Attempt>()
  readonly #stop = new AbortController()
  #looping: Promise<void> | undefined
  /** A job ended, or no more are to be taken. */
  readonly #change = new Change()
  #draining = false

  constructor(parts: WorkerParts) {
    const { queue, operations, capabilities, leaseMs, random, hide, concurrency, log } = parts
    const clock = new SteadyClock(parts.clock)
    this.#parts = { ...parts, clock }
    this.#keeper = new LeaseKeeper({ queue, extend: capabilities.has('extend') ? operations.extend : undefined, leaseMs, clock, random })
    this.#settling = new Settling({ queue, operations, capabilities, clock, random, hide })
    this.#pace = new Pace(concurrency)
    this.#halting = new Halting({ queue, operations, capabilities, log, end: () => this.#end() })
  }

  start(): void {
    this.#looping ??= this.#loop()
  }

  get state(): WorkerState {
    const { binding, queue, name } = this.#parts
    const { reason } = this.#halting
    const state = this.#draining ? 'draining' : reason !== undefined ? 'stopped' : this.#pace.slowed ? 'slowed' : 'working'
    return { binding, queue, name, state, running: this.#running.size, ...(reason !== undefined && { reason }) }
  }

  /**
   * Takes no more jobs, lets those that run end within `withinMs`, tells the rest to stop, and gives back what does not
   * end then: such an attempt is not counted.
   */
  async drain(withinMs: number): Promise<void> {
    this.#draining = true
    this.#end()
    const { clock } = this.#parts
    const untilMs = clock.now() + withinMs
    // A backend that hangs does not hold up a shutdown; what it leases then ends as a lost lease.
    await this.#atMost(this.#looping, Math.max(withinMs, stopMs))
    await this.#idle(untilMs - clock.now())
    for (const { kept } of this.#running) kept.interrupt(new Error('the process is shutting down'))
    await this.#idle(stopMs)
    // What is being told of it is not said a second time.
    for (const { kept } of this.#running) kept.givenUp = true
    await Promise.all([...this.#running].map((one) => this.#giveUp(one)))
    this.#keeper.close()
  }

  /** Takes no more jobs. */
  #end(): void {
    this.#stop.abort()
    this.#change.happened()
  }

  async #loop(): Promise<void> {
    const { clock, random, log } = this.#parts
    const { signal } = this.#stop
    let failures = 0
    while (!signal.aborted) {
      const free = this.#pace.free(this.#running.size, clock.now())
      if (free === 0) {
        const heldForMs = this.#pace.heldForMs(clock.now())
        await this.#change.wait(clock, heldForMs > 0 ? heldForMs : undefined)
        continue
      }
      try {
        await this.#take(Math.min(free, maxBatch))
        if (failures > 0) log.info({ failures }, 'jobs are leased again')
        failures = 0
      } catch (error) {
        if (failures++ === 0) log.warn({ err: error }, 'no jobs could be leased; it is tried again')
        await sleep(clock, Math.min(maxBackoffMs, 500 * 2 ** Math.min(10, failures)) * (0.5 + random() / 2), signal)
      }
    }
  }

  async #take(max: number): Promise<void> {
    const { operations, queue, leaseMs, name, clock, log } = this.#parts
    const { signal } = this.#stop
    const askedMs = clock.now()
    const { items } = await operations.lease({ queue, max, waitMs, leaseMs, workerId: name }, { signal })
    if (signal.aborted) await Promise.all(items.map((lease) => this.#settling.settle(this.#keeper.keep(lease), { kind: 'released' }, log)))
    else for (const lease of items) void this.#work(lease)
    // An empty answer that did not wait, as of a binding that closes, would be asked for again and again.
    if (items.length === 0 && clock.now() - askedMs < waitMs / 2) await sleep(clock, 1_000, signal)
  }

  async #work(lease: Lease): Promise<void> {
    const { queue, log, timeoutMs, clock } = this.#parts
    const { id, attempt } = lease.job
    const one = new Attempt(this.#keeper.keep(lease), log.child({ queue, job: id, attempt }))
    this.#running.add(one)
    const unlimit = timeoutMs === undefined ? () => {} : one.limit(timeoutMs, clock, () => void this.#giveUp(one))
    try {
      const outcome = await this.#attempt(lease.job, one)
      unlimit()
      if (!one.ended) await this.#settle(one, outcome)
    } finally {
      this.#forget(one)
    }
  }

  async #attempt(job: Job, { kept, log }: Attempt): Promise<Outcome> {
    try {
      return await this.#parts.run(job, kept, log)
    } catch (error) {
      return failureOf(error, this.#parts.hide)
    }
  }

  async #settle({ kept, log, failure }: Attempt, outcome: Outcome): Promise<void> {
    if (kept.over) {
      log.warn({ err: kept.signal.reason as unknown, ended: outcome.kind }, 'the job was another\'s when its work ended; nothing is kept of it')
      return
    }
    // Told to stop, it may well fail of that.
    const told: Outcome = outcome.kind === 'failed' && kept.signal.aborted ? (failure ?? { kind: 'released' }) : outcome

    if (told.kind === 'failed') log.warn({ ...told.error, ...(told.cause !== undefined && { err: told.cause }) }, 'the attempt failed')
    if (told.kind === 'done') this.#went()
    // Before the job is given back, or it would come straight here again.
    if (told.kind === 'released') await this.#react(told)
    await this.#settling.settle(kept, told, log)
  }

  #went(): void {
    this.#pace.went()
    this.#halting.went()
  }

  async #react({ slow, stop }: Extract<Outcome, { readonly kind: 'released' }>): Promise<void> {
    const { clock, random, log } = this.#parts
    if (slow || stop !== undefined) this.#pace.slow(clock.now(), slow?.retryAfterMs, random())
    if (slow) log.info({ forMs: Math.round(this.#pace.heldForMs(clock.now())) }, 'the receiver asked to wait; no jobs are taken meanwhile')
    if (stop !== undefined) await this.#halting.halt(stop)
  }

  /** The work goes on, and nobody listens to it any more. */
  async #giveUp(one: Attempt): Promise<void> {
    if (one.ended) return
    one.ended = true
    const { kept, log, failure } = one
    if (!kept.over) {
      log.warn({ ...failure?.error }, failure ? 'the attempt failed: its time was over, and its work did not stop when it was told to' : 'the work did not stop in time; its job is given back')
      await this.#settling.settle(kept, failure ?? { kind: 'released' }, log)
    }
    this.#forget(one)
  }

  #forget(one: Attempt): void {
    one.ended = true
    this.#keeper.drop(one.kept)
    this.#running.delete(one)
    this.#change.happened()
  }

  async #atMost(done: Promise<void> | undefined, withinMs: number): Promise<void> {
    const end = new AbortController()
    await Promise.race([done, sleep(this.#parts.clock, withinMs, end.signal)])
    end.abort()
  }

  /** Answers when nothing runs, or after `withinMs`. */
  async #idle(withinMs: number): Promise<void> {
    const { clock } = this.#parts
    const untilMs = clock.now() + withinMs
    while (this.#running.size > 0 && clock.now() < untilMs) await this.#change.wait(clock, untilMs - clock.now())
  }
}
