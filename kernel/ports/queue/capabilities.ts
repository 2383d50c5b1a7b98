/** What a backend may have beside enqueue, lease, ack, fail and release, which every driver has. */
export const queueCapabilities = {
  inspect: 'jobs can be read, listed and counted',
  delay: 'a job can wait for its time: delayMs, runAt',
  retryAt: 'a failed job can say when it runs again: retryInMs',
  priority: 'higher priorities are leased first',
  idempotency: 'a known idempotencyKey answers the first job',
  extend: 'a lease can be extended, and carries progress',
  leaseAnywhere: 'any replica may end a lease that another one granted',
  exactAttempts: 'attempts and crashes are counted exactly, also when a worker is killed',
  repeatable: 'a lease request with a requestId can be repeated, and a verb answers again as it first did',
  deadLetters: 'dead jobs can be put back: redrive',
  pause: 'a queue can be paused and resumed',
  cancel: 'a job can be cancelled or removed: discard',
  units: 'enqueue and ack join a unit of work with whatever stands on the same connection',
  schedules: 'jobs are added by the clock, each tick once over all replicas',
  deadline: 'a job is given up at its deadline, whatever its state',
  limits: 'a queue limits how many of its jobs are active, in all and for each key, and how many it leases in a time',
  ordering: 'jobs of one key run one after another, also when one of them is tried again: perKey 1',
} as const

export type QueueCapability = keyof typeof queueCapabilities
