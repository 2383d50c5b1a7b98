import type { Job } from '../../ports/queue/operations.ts'

/** A job as a CloudEvent 1.0 in JSON. Its id is the job's: the same in every attempt. */
export function cloudEvent(job: Job, source: string): string {
  return JSON.stringify({
    specversion: '1.0',
    type: 'portico.queue.job',
    source,
    id: job.id,
    subject: job.queue,
    time: job.enqueuedAt,
    datacontenttype: 'application/json',
    attempt: job.attempt,
    attempts: job.attempts,
    crashes: job.crashes,
    priority: job.priority,
    ...(job.idempotencyKey !== undefined && { idempotencykey: job.idempotencyKey }),
    data: job.payload,
  })
}
