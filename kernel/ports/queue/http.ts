import type { Operation } from '../definition.ts'
import type { QueueCapability } from './capabilities.ts'
import type { QueueOperations } from './operations.ts'
import { scheduleOperations } from './schedules/http.ts'
import { inputs, outputs } from './schemas.ts'

const listBytes = 16 * 1024 ** 2
/** A payload or result of 4 MiB, the most that `maxPayload` allows, and what stands around it. */
const oneBytes = 5 * 1024 ** 2
const lease = '/:queue/leases/:token'

/** The operations as data: what wrapper, routes, OpenAPI and clients are made from. */
export const queueOperations: { readonly [O in keyof QueueOperations]: Operation<QueueCapability> } = {
  enqueue: {
    summary: 'Add a job',
    effect: 'write', idempotent: { when: 'idempotencyKey' },
    input: inputs.enqueue, output: outputs.enqueued,
    needs: { arguments: { delayMs: 'delay', runAt: 'delay', priority: 'priority', idempotencyKey: 'idempotency' } },
    http: {
      method: 'POST', path: '/:queue/jobs', maxBodyBytes: listBytes,
      status: { field: 'repeated', equals: true, then: 200, else: 201 },
      answer: { omit: ['repeated'], location: '/:queue/jobs/:id' },
    },
  },
  enqueueMany: {
    summary: 'Add up to 1,000 jobs, all or none',
    effect: 'write', idempotent: false,
    input: inputs.enqueueMany, output: outputs.jobs,
    needs: { arguments: { 'jobs[].delayMs': 'delay', 'jobs[].runAt': 'delay', 'jobs[].priority': 'priority', 'jobs[].idempotencyKey': 'idempotency' } },
    http: { method: 'POST', path: '/:queue/jobs', whenBodyHas: 'jobs', maxBodyBytes: listBytes, status: 201 },
  },
  lease: {
    summary: 'Lease jobs, waiting for the first one if asked to',
    effect: 'write', idempotent: { when: 'requestId' }, waits: 'waitMs',
    input: inputs.lease, output: outputs.leases,
    needs: { arguments: { requestId: 'repeatable' } },
    http: { method: 'POST', path: '/:queue/leases', status: 200 },
  },
  ack: {
    summary: 'The job is done',
    effect: 'write', idempotent: true,
    input: inputs.ack, output: outputs.acked,
    http: { method: 'POST', path: `${lease}/ack`, maxBodyBytes: oneBytes, status: 200 },
  },
  fail: {
    summary: 'The attempt failed: try again later, or never',
    effect: 'write', idempotent: true,
    input: inputs.fail, output: outputs.failed,
    needs: { arguments: { retryInMs: 'retryAt' } },
    http: { method: 'POST', path: `${lease}/fail`, status: 200 },
  },
  extend: {
    summary: 'Keep the lease longer, and tell the progress',
    effect: 'write', idempotent: true,
    input: inputs.extend, output: outputs.extended,
    needs: { operation: 'extend' },
    http: { method: 'POST', path: `${lease}/extend`, status: 200 },
  },
  release: {
    summary: 'Give the job back; the attempt is not counted',
    effect: 'write', idempotent: true,
    input: inputs.release, output: outputs.released,
    http: { method: 'POST', path: `${lease}/release`, status: 200 },
  },
  get: {
    summary: 'Read a job',
    effect: 'read', idempotent: true,
    input: inputs.job, output: outputs.job,
    needs: { operation: 'inspect' },
    http: { method: 'GET', path: '/:queue/jobs/:id', status: 200 },
  },
  list: {
    summary: 'List jobs, the latest first',
    effect: 'read', idempotent: true,
    input: inputs.list, output: outputs.page,
    needs: { operation: 'inspect' },
    http: {
      method: 'GET', path: '/:queue/jobs', status: 200,
      from: {
        state: { query: 'state' }, from: { query: 'from' }, to: { query: 'to' }, code: { query: 'code' }, text: { query: 'text' },
        limit: { query: 'limit' }, after: { query: 'after' },
      },
    },
  },
  counts: {
    summary: 'How many jobs are in each state',
    effect: 'read', idempotent: true,
    input: inputs.queue, output: outputs.counts,
    needs: { operation: 'inspect' },
    http: { method: 'GET', path: '/:queue', status: 200 },
  },
  queues: {
    summary: 'How many jobs are in each state, of every queue',
    effect: 'read', idempotent: true,
    input: inputs.binding, output: outputs.queues,
    needs: { operation: 'inspect' },
    http: { method: 'GET', path: '', status: 200 },
  },
  redrive: {
    summary: 'Put dead jobs back to work',
    effect: 'write', idempotent: false,
    input: inputs.redrive, output: outputs.moved,
    needs: { operation: 'deadLetters' },
    http: { method: 'POST', path: '/:queue/dead/_redrive', maxBodyBytes: oneBytes, from: { to: { body: 'queue' } }, status: 200 },
  },
  discardDead: {
    summary: 'Remove dead jobs',
    effect: 'write', idempotent: false,
    input: inputs.discardDead, output: outputs.removed,
    needs: { operation: 'cancel' },
    http: { method: 'POST', path: '/:queue/dead/_discard', status: 200 },
  },
  discard: {
    summary: 'Cancel a waiting or active job, remove a finished one',
    effect: 'write', idempotent: false,
    input: inputs.job, output: outputs.discarded,
    needs: { operation: 'cancel' },
    http: { method: 'DELETE', path: '/:queue/jobs/:id', status: 204 },
  },
  pause: {
    summary: 'Lease no jobs of this queue until it is resumed',
    effect: 'write', idempotent: true,
    input: inputs.pause, output: outputs.counts,
    needs: { operation: 'pause' },
    http: { method: 'POST', path: '/:queue/_pause', status: 200 },
  },
  resume: {
    summary: 'Lease jobs of this queue again',
    effect: 'write', idempotent: true,
    input: inputs.queue, output: outputs.counts,
    needs: { operation: 'pause' },
    http: { method: 'POST', path: '/:queue/_resume', status: 200 },
  },
  ...scheduleOperations,
}
