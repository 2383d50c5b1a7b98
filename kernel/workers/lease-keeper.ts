import type { Clock } from '../clock.ts'
import { isPorticoError } from '../errors.ts'
import { queueError } from '../ports/queue/errors.ts'
import type { JobProgress, Lease } from '../ports/queue/operations.ts'
import type { WorkerOperations } from './operations.ts'

export interface KeeperParts {
  readonly queue: string
  /** Undefined where the driver lacks `extend`: then a lease lasts as long as it was granted for. */
  readonly extend: WorkerOperations['extend'] | undefined
  readonly leaseMs: number
  readonly clock: Clock
  readonly random: () => number
}

/** A lease in the hands of its worker. */
export class KeptLease {
  readonly lease: Lease
  /** When it ends, by the keeper's clock, unless it is renewed. */
  untilMs: number
  /** When it is to be renewed. */
  nextMs = 0
  renewing = false
  /** It was tried to renew it, since it was granted last, and could not be. */
  tried = false
  progress: JobProgress | undefined
  /** A shutdown waits no longer: nothing is said a second time. */
  givenUp = false
  readonly #controller = new AbortController()
  #over = false

  constructor(lease: Lease, untilMs: number) {
    this.lease = lease
    this.untilMs = untilMs
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** True once the job is no longer this worker's: no verb would change anything. */
  get over(): boolean {
    return this.#over
  }

  /** The job is another's, or nobody's. */
  end(reason: Error): void {
    this.#over = true
    this.#controller.abort(reason)
  }

  /** The job is still this worker's, and its work is asked to stop. */
  interrupt(reason: Error): void {
    this.#controller.abort(reason)
  }
}

/**
 * Renews leases at a third of their time, one renewal of each at once and one timer for all of them. A lease that is
 * lost, whose job was cancelled, or that nobody could renew before it ended, is over: its signal aborts.
 */
export class LeaseKeeper {
  readonly #parts: KeeperParts
  readonly #kept = new Set<KeptLease>()
  #timerMs = Number.POSITIVE_INFINITY
  #takeBack: () => void = () => {}

  constructor(parts: KeeperParts) {
    this.#parts = parts
  }

  keep(lease: Lease): KeptLease {
    const nowMs = this.#parts.clock.now()
    const kept = new KeptLease(lease, nowMs)
    this.#granted(kept, nowMs, lease.expiresInMs)
    this.#kept.add(kept)
    this.#wakeAt(Math.min(kept.nextMs, kept.untilMs))
    return kept
  }

  /** Renews it no more. */
  drop(kept: KeptLease): void {
    this.#kept.delete(kept)
  }

  close(): void {
    this.#kept.clear()
    this.#takeBack()
  }

  #granted(kept: KeptLease, atMs: number, expiresInMs: number): void {
    const { extend, leaseMs } = this.#parts
    kept.tried = false
    kept.untilMs = atMs + expiresInMs
    // What was granted may be less than was asked for: a deadline, or a backend's own bound, cuts it short.
    kept.nextMs = extend ? atMs + Math.min(leaseMs / 3, (expiresInMs * 2) / 3) : Number.POSITIVE_INFINITY
  }

  /** Not taken back when its lease ends early: it then finds nothing to do, which is cheaper than a timer a job. */
  #wakeAt(atMs: number): void {
    if (atMs >= this.#timerMs) return
    this.#takeBack()
    this.#timerMs = atMs
    this.#takeBack = this.#parts.clock.after(Math.max(0, atMs - this.#parts.clock.now()), () => this.#look())
  }

  #look(): void {
    this.#timerMs = Number.POSITIVE_INFINITY
    const { clock, extend, queue, leaseMs } = this.#parts
    const nowMs = clock.now()
    let nextMs = Number.POSITIVE_INFINITY
    for (const kept of this.#kept) {
      // One that time jumped over may be ours still: the backend knows, and has a third of a lease to say so.
      if (nowMs >= kept.untilMs && (!extend || kept.renewing || kept.tried)) this.#end(kept, lostError(queue, kept))
      else if (nowMs >= kept.nextMs && !kept.renewing) {
        if (nowMs >= kept.untilMs) kept.untilMs = nowMs + leaseMs / 3
        void this.#renew(kept)
      }
      if (!kept.over) nextMs = Math.min(nextMs, kept.renewing ? kept.untilMs : Math.min(kept.nextMs, kept.untilMs))
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#wakeAt(nextMs)
  }

  async #renew(kept: KeptLease): Promise<void> {
    const { queue, extend, leaseMs, clock, random } = this.#parts
    if (!extend) return
    kept.renewing = true
    const sentMs = clock.now()
    const { progress } = kept
    try {
      const { expiresInMs, signal } = await extend({ queue, token: kept.lease.token, leaseMs, ...(progress && { progress }) }, { timeoutMs: Math.max(1, kept.untilMs - sentMs) })
      if (kept.progress === progress) kept.progress = undefined
      this.#granted(kept, sentMs, expiresInMs)
      if (signal === 'cancel') this.#end(kept, new Error(`the job ${kept.lease.job.id} of ${queue} was cancelled`))
    } catch (error) {
      const code = isPorticoError(error) ? error.code : undefined
      if (code === 'QUEUE_LEASE_LOST') this.#end(kept, lostError(queue, kept))
      // Progress that cannot be kept must not cost the lease.
      if (code === 'INPUT_INVALID') kept.progress = undefined
      kept.tried = true
      kept.nextMs = clock.now() + (leaseMs / 15) * (0.5 + random() / 2)
    } finally {
      kept.renewing = false
      if (this.#kept.has(kept)) this.#wakeAt(Math.min(kept.nextMs, kept.untilMs))
    }
  }

  #end(kept: KeptLease, reason: Error): void {
    if (!this.#kept.delete(kept)) return
    kept.end(reason)
  }
}

function lostError(queue: string, { lease }: KeptLease): Error {
  return queueError('QUEUE_LEASE_LOST', { queue, id: lease.job.id })
}
