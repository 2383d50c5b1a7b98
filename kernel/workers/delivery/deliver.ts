import type { Clock } from '../../clock.ts'
import type { Json } from '../../json.ts'
import { readSecret } from '../../ports/integrations/signatures/keys.ts'
import { webhookHeaders } from '../../ports/integrations/signatures/webhooks.ts'
import type { DeliverKeys } from '../../ports/queue/deliver-keys.ts'
import type { Outcome } from '../outcome.ts'
import type { Run } from '../worker.ts'
import type { Resolve } from '../../addresses.ts'
import { NoAnswer, type Answer } from './answer.ts'
import { cloudEvent } from './event.ts'
import { Poster } from './poster.ts'

export interface DeliveryParts {
  readonly deliver: DeliverKeys
  /** Where jobs come from, as CloudEvents name it: `/shop/queue`. */
  readonly source: string
  readonly concurrency: number
  readonly timeoutMs: number
  readonly clock: Clock
  readonly resolve: Resolve
}

/** The largest answer that becomes a job's result. */
const maxAnswerBytes = 64 * 1024

/** Sends each job to the URL of its queue, and reads from the answer how the attempt ended. */
export function makeDelivery({ deliver, source, concurrency, timeoutMs, clock, resolve }: DeliveryParts): { readonly run: Run; close(): Promise<void> } {
  const poster = new Poster({ url: new URL(deliver.url), connections: concurrency, timeoutMs, maxAnswerBytes, allowPrivate: deliver.allowPrivate ?? false, resolve })
  const keys = [deliver.signing ?? []].flat().map(readSecret)

  return {
    async run(job, { signal }) {
      const body = cloudEvent(job, source)
      const headers = { 'content-type': 'application/cloudevents+json; charset=utf-8', accept: 'application/json', ...webhookHeaders(job.id, clock.now(), body, keys) }
      try {
        return outcomeOf(await poster.post(body, headers, signal))
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error
        return { kind: 'failed', error: { code: error.code, message: error.message } }
      }
    },
    close: () => poster.close(),
  }
}

/** What an answer means: its status alone decides. */
export function outcomeOf({ status, json, retryAfterMs }: Answer): Outcome {
  if (status >= 200 && status < 300) return { kind: 'done', result: json === undefined ? undefined : parsed(json) }
  if (status === 429 || status === 503) return { kind: 'released', slow: { retryAfterMs } }
  if (status === 410) return { kind: 'released', stop: 'its receiver answered 410: it wants no more of these jobs' }
  return { kind: 'failed', error: { code: 'QUEUE_PUSH_STATUS', message: `the receiver answered ${status}` } }
}

/** Undefined for what is no JSON: the job is done all the same. */
function parsed(json: string): Json | undefined {
  try {
    return JSON.parse(json) as Json
  } catch {
    return undefined
  }
}
