import { randomUUID } from 'node:crypto'
import type { Call } from '../../call.ts'
import type { Clock } from '../../clock.ts'
import { type FieldError, isPorticoError, kernelError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { keepLock } from './keeping.ts'
import type { AcquireInput, Grant, Leadership, LeaderOptions, LocksOperations } from './operations.ts'

export interface ElectionParts {
  readonly locks: LocksOperations
  readonly clock: Clock
  readonly log: Log
}

const usualTtlMs = 15_000
const waitMs = 60_000
const afterFailureMs = 1_000
const releaseWithinMs = 5_000

/** Campaigns of this process, each for the lock of its name, until what is to be done as leader is done. */
export class Elections {
  readonly #parts: ElectionParts
  readonly #closing = new AbortController()
  readonly #campaigns = new Set<Promise<unknown>>()

  constructor(parts: ElectionParts) {
    this.#parts = parts
  }

  async leader<T>(name: string, task: (leadership: Leadership) => T | Promise<T>, options: LeaderOptions = {}): Promise<T | undefined> {
    const wrong = wrongCall(name, task, options)
    if (wrong) throw kernelError('INPUT_INVALID', { operation: 'leader' }, { errors: [wrong] })
    const { ttlMs = usualTtlMs, signal } = options
    const stop = AbortSignal.any([this.#closing.signal, ...(signal ? [signal] : [])])
    const campaign = this.#campaign(name, task, ttlMs, stop)
    this.#campaigns.add(campaign)
    try {
      return await campaign
    } finally {
      this.#campaigns.delete(campaign)
    }
  }

  /** Tells every leader to stop. */
  stop(): void {
    this.#closing.abort()
  }

  /** Stops, and answers when all have ended and given their locks back. */
  async close(): Promise<void> {
    this.stop()
    await Promise.allSettled(this.#campaigns)
  }

  async #campaign<T>(name: string, task: (leadership: Leadership) => T | Promise<T>, ttlMs: number, stop: AbortSignal): Promise<T | undefined> {
    // A grant whose answer was lost is found by asking again: nobody waits until it runs out.
    let requestId = randomUUID()
    while (!stop.aborted) {
      const grant = await this.#win({ name, ttlMs, requestId }, stop)
      if (!grant) continue
      requestId = randomUUID()
      const done = await this.#lead(name, grant, task, ttlMs, stop)
      if (done) return done.answer
    }
    return undefined
  }

  /** Undefined when it was not granted in the time that one call waits, or is to stop. */
  async #win(wanted: Pick<AcquireInput, 'name' | 'ttlMs' | 'requestId'>, stop: AbortSignal): Promise<Grant | undefined> {
    const { locks, log } = this.#parts
    try {
      return await locks.acquire({ ...wanted, waitMs }, this.#call(stop, 2 * waitMs))
    } catch (error) {
      if (!isPorticoError(error) || error.code === 'INPUT_INVALID') throw error
      if (stop.aborted || error.code === 'LOCK_HELD') return undefined
      log.warn({ err: error, lock: wanted.name }, 'a leader could not be elected; it is tried again')
      await this.#pause(stop)
      return undefined
    }
  }

  /** Undefined when it led no longer before the task was done. */
  async #lead<T>(name: string, grant: Grant, task: (leadership: Leadership) => T | Promise<T>, ttlMs: number, stop: AbortSignal): Promise<{ readonly answer: T | undefined } | undefined> {
    const { locks, log, clock } = this.#parts
    const lost = new AbortController()
    const lose = () => {
      log.warn({ lock: name }, 'the lead is lost: its lock was not renewed in time')
      lost.abort()
    }
    const renew = (withinMs: number) => locks.renew({ name, token: grant.token, ttlMs }, this.#call(lost.signal, withinMs))
    const letGo = keepLock({ name, ttlMs, grant, clock, log, renew, lose })
    try {
      // Granted when it was to stop already.
      if (stop.aborted) return { answer: undefined }
      const answer = await task({ signal: AbortSignal.any([lost.signal, stop]), fencingToken: grant.fencingToken })
      return lost.signal.aborted ? undefined : { answer }
    } catch (error) {
      if (!lost.signal.aborted && !stop.aborted) throw error
      log.debug({ err: error, lock: name }, 'what a leader did failed when it was to stop')
      return undefined
    } finally {
      letGo()
      if (!lost.signal.aborted) await this.#release(name, grant)
    }
  }

  async #release(name: string, { token }: Grant): Promise<void> {
    try {
      await this.#parts.locks.release({ name, token }, this.#call(new AbortController().signal, releaseWithinMs))
    } catch (error) {
      this.#parts.log.warn({ err: error, lock: name }, 'the lock of a leader could not be given back; it ends with its time')
    }
  }

  #pause(stop: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        takeBack()
        stop.removeEventListener('abort', end)
        resolve()
      }
      const takeBack = this.#parts.clock.after(afterFailureMs, end)
      stop.addEventListener('abort', end, { once: true })
    })
  }

  #call(signal: AbortSignal, withinMs: number): Call {
    const { clock } = this.#parts
    const endMs = clock.now() + withinMs
    return { signal, remainingMs: () => Math.max(0, endMs - clock.now()), traceId: 'locks-leader', text: false, degrade: () => {} }
  }
}

/** What no schema checks, for `leader` takes a function; the name's own rules are those of `acquire`. */
function wrongCall(name: unknown, task: unknown, options: unknown): FieldError | undefined {
  if (typeof name !== 'string') return { path: '/name', message: 'must be a text' }
  if (typeof task !== 'function') return { path: '/task', message: 'must be a function' }
  if (typeof options !== 'object' || options === null) return { path: '', message: 'the options must be an object' }
  const { ttlMs, signal }: { readonly ttlMs?: unknown; readonly signal?: unknown } = options
  if (ttlMs !== undefined && !(Number.isInteger(ttlMs) && Number(ttlMs) >= 100 && Number(ttlMs) <= 3_600_000)) return { path: '/ttlMs', message: 'must be an integer from 100 to 3600000' }
  return signal === undefined || signal instanceof AbortSignal ? undefined : { path: '/signal', message: 'must be an AbortSignal' }
}
