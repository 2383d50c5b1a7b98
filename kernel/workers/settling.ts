import type { Clock } from '../clock.ts'
import { isPorticoError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Held } from '../ports/queue/operations.ts'
import type { KeptLease } from './lease-keeper.ts'
import type { WorkerOperations } from './operations.ts'
import { failureOf, type Failed, type Outcome } from './outcome.ts'
import { sleep } from './sleep.ts'

export interface SettlingParts {
  readonly queue: string
  readonly operations: WorkerOperations
  readonly capabilities: ReadonlySet<string>
  readonly clock: Clock
  readonly random: () => number
  readonly hide: (text: string) => string
}

type Done = Extract<Outcome, { readonly kind: 'done' }>

const callMs = 10_000
const maxWaitMs = 2_000

/**
 * Tells the queue how an attempt ended. While the backend is down it says it again, for as long as the lease lasts; what
 * then is not said ends as a lost lease. Never throws: what could not be said is logged.
 */
export class Settling {
  readonly #parts: SettlingParts

  constructor(parts: SettlingParts) {
    this.#parts = parts
  }

  async settle(kept: KeptLease, outcome: Outcome, log: Log): Promise<void> {
    try {
      if (outcome.kind === 'done') await this.#done(kept, outcome, log)
      else if (outcome.kind === 'failed') await this.#failed(kept, outcome, log)
      else await this.#again(kept, () => this.#parts.operations.release(this.#held(kept), { timeoutMs: callMs }))
    } catch (error) {
      if (isLost(error)) log.warn({ err: error, ended: outcome.kind }, 'the lease was lost before the job was settled; it may run again')
      else log.error({ err: error, ended: outcome.kind }, 'the job could not be settled; its lease ends by itself')
    }
  }

  async #done(kept: KeptLease, { result, unit }: Done, log: Log): Promise<void> {
    const { operations } = this.#parts
    const ack = async (kept: KeptLease, given: typeof result) => {
      const input = { ...this.#held(kept), ...(given !== undefined && { result: given }) }
      if (!unit) return this.#again(kept, () => operations.ack(input, { timeoutMs: callMs }))
      await operations.ack(input, { timeoutMs: callMs, unit })
    }

    try {
      await ack(kept, result)
    } catch (error) {
      // The work is done: doing it again would help nobody.
      if (result === undefined || isLost(error) || mayPass(error)) throw error
      log.error({ err: error }, 'the result of the job cannot be kept; the job is done without one')
      await ack(kept, undefined)
    }
    if (unit) await this.#commit(kept, unit, log)
  }

  /** A unit is committed once: when it is refused, or nobody knows, the attempt failed, which changes nothing if it is done after all. */
  async #commit(kept: KeptLease, unit: NonNullable<Done['unit']>, log: Log): Promise<void> {
    try {
      await unit.commit({ timeoutMs: callMs })
    } catch (error) {
      if (isLost(error)) throw error
      await this.#failed(kept, failureOf(error, this.#parts.hide), log)
    }
  }

  async #failed(kept: KeptLease, { error, retryInMs, dead }: Failed, log: Log): Promise<void> {
    const { operations, capabilities } = this.#parts
    const timed = retryInMs !== undefined && capabilities.has('retryAt')
    if (retryInMs !== undefined && !timed) log.warn({ retryInMs }, 'the driver cannot set the time of the next attempt; it follows the backoff')
    const input = { ...this.#held(kept), error, ...(timed && { retryInMs }), ...(dead === true && { dead }) }
    await this.#again(kept, () => operations.fail(input, { timeoutMs: callMs }))
  }

  #held({ lease }: KeptLease): Held {
    return { queue: this.#parts.queue, token: lease.token }
  }

  /** A verb may be said twice: the queue answers the second time as it did the first. */
  async #again<T>(kept: KeptLease, say: () => Promise<T>): Promise<T> {
    const { clock, random } = this.#parts
    for (let waitMs = 100; ; waitMs = Math.min(maxWaitMs, waitMs * 2)) {
      try {
        return await say()
      } catch (error) {
        const pauseMs = waitMs * (0.5 + random() / 2)
        if (!mayPass(error) || kept.over || kept.givenUp || clock.now() + pauseMs >= kept.untilMs) throw error
        await sleep(clock, pauseMs)
      }
    }
  }
}

function isLost(error: unknown): boolean {
  return isPorticoError(error) && error.code === 'QUEUE_LEASE_LOST'
}

function mayPass(error: unknown): boolean {
  return isPorticoError(error) && (error.retryable || error.code.endsWith('_OUTCOME_UNKNOWN'))
}
