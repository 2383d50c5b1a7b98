import { createHmac, timingSafeEqual } from 'node:crypto'
import type { MessageHeaders } from './message.ts'

/** The headers of Standard Webhooks; one signature for each key, so that a receiver may know the old or the new one. */
export function webhookHeaders(id: string, nowMs: number, body: string, keys: readonly Buffer[]): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(nowMs / 1_000))
  const signatures = keys.map((key) => `v1,${hmac(key, id, timestamp, body).toString('base64')}`)
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, ...(signatures.length > 0 && { 'webhook-signature': signatures.join(' ') }) }
}

export interface WebhookVerifyWith {
  readonly keys: readonly Buffer[]
  readonly nowMs: number
  /** How far the timestamp may lie from now, before or after. */
  readonly toleranceMs: number
}

export type WebhookVerified = { readonly id: string; readonly createdMs: number } | { readonly bad: string }

/** More are no rotation of keys. */
const maxSignatures = 10

/** Whether a message is signed by one of the keys, as Standard Webhooks says; if not, why. */
export function verifyWebhook(headers: MessageHeaders, body: Buffer, { keys, nowMs, toleranceMs }: WebhookVerifyWith): WebhookVerified {
  const [id, timestamp, signature] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => (Object.hasOwn(headers, name) ? headers[name] : undefined))
  if (typeof id !== 'string' || typeof timestamp !== 'string' || typeof signature !== 'string') return { bad: 'has no signature' }
  // A dot in an id could move the border between it and the time.
  if (!/^[!-\-/-~]{1,255}$/.test(id) || !/^\d{1,11}$/.test(timestamp) || signature.length > 2_000) return { bad: 'has a signature that cannot be read' }
  const createdMs = Number(timestamp) * 1_000
  if (Math.abs(nowMs - createdMs) > toleranceMs) return { bad: 'has a signature of another time' }

  const given = signature.split(' ').slice(0, maxSignatures).flatMap((one) => (one.startsWith('v1,') ? [Buffer.from(one.slice(3), 'base64')] : []))
  const own = keys.map((key) => hmac(key, id, timestamp, body))
  const good = own.some((mine) => given.some((theirs) => theirs.length === mine.length && timingSafeEqual(theirs, mine)))
  return good ? { id, createdMs } : { bad: 'has a signature that is not the partner\'s' }
}

function hmac(key: Buffer, id: string, timestamp: string, body: string | Buffer): Buffer {
  return createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest()
}
