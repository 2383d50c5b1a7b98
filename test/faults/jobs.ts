import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { isPorticoError } from '../../kernel/index.ts'
import type { BoundQueue } from '../contract/queue.ts'

export const callTimeoutMs = 3_000
/** So late an answer may come for what the machine does besides. */
export const slackMs = 3_000

/** Nothing comes any more when nothing came for so long: longer than a lease and the longest backoff. */
const quietMs = 10_000
/** What still misses then is waited for so long. */
const usualMissingMs = 60_000

/** What was told about the jobs of one run. */
export interface ToldJobs {
  /** Those whose enqueueing was acknowledged. */
  readonly enqueued: ReadonlySet<string>
  /** Job → how often its ack was answered. */
  readonly acked: ReadonlyMap<string, number>
  /** Those that somebody may have done, without an answer. */
  readonly unknown: ReadonlySet<string>
  /** Those that a worker was told are dead. */
  readonly dead: ReadonlySet<string>
  readonly codes: ReadonlyMap<string, number>
  /** Errors that were no PorticoError. */
  readonly untyped: readonly unknown[]
  readonly longestMs: number
  /** From when the backend was back to the first job that was enqueued and done after it. */
  readonly recoveredMs: number
  /** From when the producers stopped to the last job that was leased. */
  readonly settledMs: number
}

interface LoadParts {
  /** Replicas; producers and workers are spread over them. */
  readonly queues: readonly BoundQueue[]
  readonly queue: string
  readonly producers: number
  readonly workers: number
  /** One attempt in so many fails. */
  readonly failedOf: number
  /** How late a backend that was away may hand out what it has. */
  readonly missingMs?: number
}

const leaseMs = 5_000

/**
 * Producers enqueue and workers lease, acknowledge and fail jobs while `disturb` does its harm, and until one went through after it;
 * then the producers stop and the workers go on until nothing comes any more.
 */
export async function underJobs({ queues, queue, producers, workers, failedOf, missingMs = usualMissingMs }: LoadParts, disturb: () => Promise<void>): Promise<ToldJobs> {
  const enqueued = new Set<string>()
  const acked = new Map<string, number>()
  const unknown = new Set<string>()
  const dead = new Set<string>()
  const codes = new Map<string, number>()
  const untyped: unknown[] = []
  let longestMs = 0
  let backAtMs = Infinity
  let recoveredAtMs = Infinity
  let producing = true
  let leasedAtMs = Infinity
  let working = true

  const tell = async <A>(call: Promise<A>): Promise<A | undefined> => {
    const startedMs = performance.now()
    try {
      return await call
    } catch (error) {
      if (isPorticoError(error)) codes.set(error.code, (codes.get(error.code) ?? 0) + 1)
      else untyped.push(error)
      await sleep(20)
      return undefined
    } finally {
      longestMs = Math.max(longestMs, performance.now() - startedMs)
    }
  }
  const of = (at: number): BoundQueue => queues[at % queues.length] as BoundQueue

  const produce = async (own: BoundQueue) => {
    while (producing) {
      const job = await tell(own.enqueue({ queue, payload: { startedMs: performance.now() } }, { timeoutMs: callTimeoutMs }))
      if (job) enqueued.add(job.id)
      await sleep(5)
    }
  }
  const work = async (own: BoundQueue) => {
    for (let turn = 1; working; turn++) {
      const leased = await tell(own.lease({ queue, max: 5, leaseMs, waitMs: 200 }, { timeoutMs: callTimeoutMs }))
      for (const { token, job } of leased?.items ?? []) {
        leasedAtMs = performance.now()
        if ((turn + job.attempt) % failedOf === 0) {
          const failed = await tell(own.fail({ queue, token, error: { message: 'of the test' } }, { timeoutMs: callTimeoutMs }))
          if (failed?.state === 'dead') dead.add(job.id)
          continue
        }
        const done = await tell(own.ack({ queue, token }, { timeoutMs: callTimeoutMs }))
        if (!done) {
          unknown.add(job.id)
          continue
        }
        acked.set(job.id, (acked.get(job.id) ?? 0) + 1)
        const { startedMs } = job.payload as { readonly startedMs: number }
        if (startedMs >= backAtMs) recoveredAtMs = Math.min(recoveredAtMs, performance.now())
      }
    }
  }
  const producersDone = Promise.all(Array.from({ length: producers }, (_, at) => produce(of(at))))
  const workersDone = Promise.all(Array.from({ length: workers }, (_, at) => work(of(at))))

  await sleep(500)
  await disturb()
  backAtMs = performance.now()
  const giveUpMs = backAtMs + 60_000
  while (recoveredAtMs === Infinity && performance.now() < giveUpMs) await sleep(20)
  await sleep(500)
  producing = false
  await producersDone
  const stoppedAtMs = performance.now()
  leasedAtMs = stoppedAtMs
  const quiet = () => performance.now() - leasedAtMs >= quietMs && (missing(enqueued, { acked, unknown, dead }).length === 0 || performance.now() - leasedAtMs >= missingMs)
  while (!quiet() && performance.now() < stoppedAtMs + 60_000 + missingMs) await sleep(100)
  working = false
  await workersDone
  return { enqueued, acked, unknown, dead, codes, untyped, longestMs, recoveredMs: recoveredAtMs - backAtMs, settledMs: leasedAtMs - stoppedAtMs }
}

function missing(enqueued: ReadonlySet<string>, { acked, unknown, dead }: Pick<ToldJobs, 'acked' | 'unknown' | 'dead'>): readonly string[] {
  return [...enqueued].filter((id) => !acked.has(id) && !unknown.has(id) && !dead.has(id))
}

/** No acknowledged enqueue is lost, no job is acknowledged twice, each call ends in time, and the backend is used again within `recoveryMs`. */
export function judgeJobs(t: ExecutionContext, what: string, told: ToldJobs, recoveryMs: number): void {
  const { enqueued, acked, unknown, dead, codes } = told
  const lost = missing(enqueued, told)
  const twice = [...acked].filter(([, times]) => times > 1)
  t.log(`${what}: ${enqueued.size} enqueued, ${acked.size} acknowledged, ${twice.length} of them twice, ${unknown.size} acks without an answer, ${dead.size} dead, ${lost.length} lost (${[...codes].map(([code, times]) => `${code} ${times}`).join(', ')}); longest ${Math.round(told.longestMs)} ms, used again after ${Math.round(told.recoveredMs)} ms, the last job ${Math.round(told.settledMs)} ms after the producers stopped`)
  t.deepEqual(told.untyped, [])
  t.deepEqual(lost, [])
  t.deepEqual(twice, [])
  t.true(told.longestMs < callTimeoutMs + slackMs, `a call took ${told.longestMs} ms`)
  t.true(told.recoveredMs < recoveryMs, `used again after ${told.recoveredMs} ms`)
}
