import { createHmac } from 'node:crypto'
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

/** The key in a secret of Standard Webhooks: `whsec_`, then base64. */
export function signingKey(secret: string): Buffer {
  return Buffer.from(secret.slice('whsec_'.length), 'base64')
}

/** The headers of Standard Webhooks; one signature for each key, so that a receiver may know the old or the new one. */
export function signatureHeaders(id: string, nowMs: number, body: string, keys: readonly Buffer[]): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(nowMs / 1_000))
  const signatures = keys.map((key) => `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`)
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, ...(signatures.length > 0 && { 'webhook-signature': signatures.join(' ') }) }
}
