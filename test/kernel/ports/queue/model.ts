import type { Job, JobState } from '../../../../kernel/ports/queue/index.ts'

interface ModelJob {
  readonly id: string
  readonly number: number
  readonly priority: number
  readonly key: string | undefined
  state: JobState
  attempt: number
  readonly attempts: number
  crashes: number
  runAt: number
  token: string | undefined
  leaseUntil: number
  finishedAt: number
  errors: number
}

/** What a queue should do, as plainly as it can be written: one array, and time that passes before every operation. */
export class QueueModel {
  readonly jobs: ModelJob[] = []
  readonly maxCrashes: number

  constructor(maxCrashes: number) {
    this.maxCrashes = maxCrashes
  }

  pass(nowMs: number): void {
    for (const job of this.jobs) {
      if (job.state === 'scheduled' && job.runAt <= nowMs) job.state = 'ready'
      if (job.state !== 'active' || job.leaseUntil > nowMs) continue
      job.crashes++
      job.errors++
      job.token = undefined
      job.state = job.crashes >= this.maxCrashes || job.attempt >= job.attempts ? 'dead' : 'ready'
    }
  }

  byKey(key: string | undefined): ModelJob | undefined {
    return key === undefined ? undefined : this.jobs.find((job) => job.key === key)
  }

  add(job: Job, nowMs: number): void {
    const runAt = Date.parse(job.runAt)
    this.jobs.push({
      id: job.id, number: this.jobs.length, priority: job.priority, key: job.idempotencyKey, state: runAt > nowMs ? 'scheduled' : 'ready',
      attempt: 0, attempts: job.attempts, crashes: 0, runAt, token: undefined, leaseUntil: 0, finishedAt: 0, errors: 0,
    })
  }

  /** The ids that a lease should get, in order. */
  next(max: number): string[] {
    return this.jobs
      .filter((job) => job.state === 'ready')
      .sort((a, b) => rank(a) - rank(b) || a.number - b.number)
      .slice(0, max)
      .map((job) => job.id)
  }

  find(id: string): ModelJob | undefined {
    return this.jobs.find((job) => job.id === id)
  }

  held(token: string): ModelJob | undefined {
    return this.jobs.find((job) => job.token === token && job.state === 'active')
  }

  count(state: JobState): number {
    return this.jobs.filter((job) => job.state === state).length
  }
}

/** A point of priority is worth a minute of waiting. */
function rank({ priority, runAt }: ModelJob): number {
  return runAt - priority * 60_000
}
