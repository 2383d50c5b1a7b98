import { type LeaseLimits, maxBytesAtOnce } from '../../kernel/ports/queue/index.ts'
import type { KeptJob } from './kept-job.ts'
import type { QueueIndex } from './queue-index.ts'

interface Picked {
  readonly jobs: readonly KeptJob[]
  /** Those that were met in line although their lane is full. */
  readonly full: readonly KeptJob[]
}

/** The first `max` in line that no lane holds back, and whose deadline is to come. */
export function pick(index: QueueIndex, max: number, { perKey = Number.POSITIVE_INFINITY }: LeaseLimits, nowMs: number): Picked {
  const jobs: KeptJob[] = []
  const full: KeptJob[] = []
  const taken = new Map<string, number>()
  let bytes = 0
  if (max <= 0) return { jobs, full }

  for (const kept of index.line()) {
    const { lane, holds, payload, deadlineAt } = kept.row
    if (deadlineAt !== undefined && deadlineAt <= nowMs) continue
    if (lane !== undefined && !holds) {
      const places = taken.get(lane) ?? index.holders(lane)
      if (places >= perKey) {
        full.push(kept)
        continue
      }
      taken.set(lane, places + 1)
    }
    jobs.push(kept)
    bytes += payload.length
    if (jobs.length >= max || bytes >= maxBytesAtOnce) break
  }
  return { jobs, full }
}

/** How long the bucket takes to fill for one job, in µs, and how much it holds. */
function bucketOf({ rate }: LeaseLimits): { readonly costUs: number; readonly bucketUs: number } | undefined {
  if (!rate) return undefined
  const costUs = Math.max(1, Math.round((rate.perMs * 1_000) / rate.jobs))
  return { costUs, bucketUs: costUs * rate.jobs }
}

/** How many jobs the queue as a whole lets go now; and when its rate lets one more go, where that is what holds it back. */
export function roomIn(index: QueueIndex, limits: LeaseLimits, nowMs: number): { readonly jobs: number; readonly againInMs?: number } {
  const places = (limits.concurrent ?? Number.POSITIVE_INFINITY) - index.count('active')
  const bucket = bucketOf(limits)
  if (!bucket) return { jobs: places }

  const usedUs = Math.max(index.fullAtUs, nowMs * 1_000) - nowMs * 1_000
  const paid = Math.floor((bucket.bucketUs - usedUs) / bucket.costUs)
  return paid > 0 ? { jobs: Math.min(places, paid) } : { jobs: 0, againInMs: Math.ceil((usedUs + bucket.costUs - bucket.bucketUs) / 1_000) }
}

/** Takes the price of so many leases out of the bucket. */
export function pay(index: QueueIndex, limits: LeaseLimits, jobs: number, nowMs: number): void {
  const bucket = bucketOf(limits)
  if (bucket) index.fullAtUs = Math.max(index.fullAtUs, nowMs * 1_000) + bucket.costUs * jobs
}
