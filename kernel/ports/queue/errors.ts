import { errorsOf, type ErrorTable } from '../../errors.ts'

export const queueErrors = {
  QUEUE_NOT_FOUND: {
    status: 404, retryable: false, title: 'No such queue',
    detail: (at: { binding: string; queue: string }) =>
      `${at.binding} declares no queue ${at.queue}; add \`${at.queue}: {}\` to ports.${at.binding}.queues in the manifest`,
  },
  QUEUE_JOB_NOT_FOUND: {
    status: 404, retryable: false, title: 'No such job',
    detail: (at: { queue: string; id: string }) => `${at.queue} has no job ${at.id}`,
  },
  QUEUE_LEASE_LOST: {
    status: 409, retryable: false, title: 'Lease lost',
    detail: (at: { queue: string; id: string }) => `the lease on ${at.queue}/${at.id} has ended; the job may run elsewhere, and nothing was changed`,
  },
  QUEUE_PAYLOAD_TOO_LARGE: {
    status: 413, retryable: false, title: 'Payload too large',
    detail: (at: { queue: string; bytes: number; maxBytes: number }) => `${at.queue} takes payloads of ${at.maxBytes} bytes at most, this one has ${at.bytes}`,
  },
  QUEUE_PAYLOAD_INVALID: {
    status: 422, retryable: false, title: 'Payload breaks the queue\'s rules',
    detail: (at: { queue: string }) => `the payload breaks the schema of ${at.queue}, or lacks the key of its limits`,
  },
  QUEUE_KNOWN_JOBS_TOO_LARGE: {
    status: 413, retryable: false, title: 'Known jobs too large',
    detail: (at: { queue: string; maxBytes: number }) => `the jobs that ${at.queue} knows by these idempotency keys are more than ${at.maxBytes} bytes together; enqueue fewer at once`,
  },
  QUEUE_BAD_CURSOR: {
    status: 400, retryable: false, title: 'Bad cursor',
    detail: (at: { queue: string }) => `\`after\` is no cursor of this list of ${at.queue}; begin without it`,
  },
  QUEUE_KEY_RACED: {
    status: 409, retryable: true, title: 'Idempotency key taken meanwhile',
    detail: (at: { queue: string }) => `another job of ${at.queue} took the same idempotency key while this unit of work was open; run it again to meet that job`,
  },
  QUEUE_TOO_MANY_WAITING: {
    status: 503, retryable: true, title: 'Too many waiting',
    detail: (at: { binding: string; max: number }) => `${at.max} callers wait for jobs of ${at.binding} already; wait a moment, or lease without waitMs`,
  },
  QUEUE_FULL: {
    status: 507, retryable: false, title: 'Queue full',
    detail: (at: { binding: string; maxBytes: number }) => `the jobs of ${at.binding} take ${at.maxBytes} bytes at most, and this would be more: let them be done, keep finished ones for less long, or raise maxSize`,
  },
  QUEUE_SCHEDULE_NOT_FOUND: {
    status: 404, retryable: false, title: 'No such schedule',
    detail: (at: { queue: string; name: string }) => `${at.queue} has no schedule ${at.name}`,
  },
  QUEUE_SCHEDULE_OF_MANIFEST: {
    status: 409, retryable: false, title: 'Schedule of the manifest',
    detail: (at: { binding: string; queue: string; name: string }) =>
      `the schedule ${at.name} is declared in the manifest: change or remove it there, at ports.${at.binding}.queues.${at.queue}.schedules.${at.name}; it can be paused here`,
  },
  QUEUE_TOO_MANY_SCHEDULES: {
    status: 409, retryable: false, title: 'Too many schedules',
    detail: (at: { binding: string; max: number }) => `${at.binding} has ${at.max} schedules already; remove one first`,
  },
  QUEUE_SCHEDULE_BUSY: {
    status: 503, retryable: true, title: 'Schedule busy',
    detail: (at: { queue: string; name: string }) => `the schedule ${at.name} of ${at.queue} was changed by others again and again meanwhile; nothing was changed`,
  },
  QUEUE_BUSY: {
    status: 503, retryable: true, title: 'Job busy',
    detail: (at: { queue: string; id: string }) => `${at.queue}/${at.id} was changed by others again and again meanwhile; nothing was changed`,
  },
} as const satisfies ErrorTable

export const queueError = errorsOf(queueErrors)
