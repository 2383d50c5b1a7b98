import { createHash } from 'node:crypto'
import type { Call } from '../../../call.ts'
import { isPorticoError, kernelError, type FieldError } from '../../../errors.ts'
import type { Json } from '../../../json.ts'
import type { PortParts } from '../../definition.ts'
import { findBadText } from '../../text.ts'
import { isoTime } from '../../time.ts'
import { integrationError } from '../errors.ts'
import type { ReceiveInput, Received } from '../operations.ts'
import type { InboundKeys } from './keys.ts'
import { TakenMessages } from './taken.ts'
import { makeVerify, type KnownMessage, type Verify } from './verify.ts'

type InboundParts = Pick<PortParts<unknown, { readonly inbound?: InboundKeys }>, 'keys' | 'binding' | 'plugin' | 'clock' | 'log' | 'peer'>

/** Of a job's payload, in which the message stands one level down. */
const maxDepth = 29
const maxKeyBytes = 255
const retryAfterMs = 5_000

/** What the queue says of a message that it will never take. */
const ofMessage: ReadonlySet<string> = new Set(['INPUT_INVALID', 'QUEUE_PAYLOAD_INVALID', 'QUEUE_PAYLOAD_TOO_LARGE'])

/**
 * Takes messages of the partner: verified, then parsed, then a job of the queue.
 * @throws PLUGIN_START_FAILED at once, for a key that is none.
 * @see docs/decisions/0061-a-message-is-known-by-its-job.md
 */
export function receiver({ keys: { inbound }, binding, plugin, clock, log, peer }: InboundParts): (input: ReceiveInput, call: Call) => Promise<Received> {
  if (!inbound) return async () => { throw integrationError('INTEGRATION_INBOUND_NOT_DECLARED', { binding }) }

  const verify = readyVerify(inbound, binding, plugin)
  const taken = new TakenMessages()
  const { binding: queueBinding = 'queue', queue } = inbound.to

  const enqueue = async (message: KnownMessage, body: Json, call: Call): Promise<AddedJob> => {
    const add = peer(queueBinding)?.enqueue
    if (!add) throw integrationError('INTEGRATION_INBOUND_NOT_TAKEN', { binding }, { retryAfterMs })
    const { id, nonce, sentMs } = message
    const job = { queue, idempotencyKey: keyOf(binding, id), payload: { integration: binding, id, nonce, sentAt: isoTime(sentMs), body } }
    // The queue port's promise; a peer's answer has no type here.
    return await add(job, { timeoutMs: call.remainingMs(), signal: call.signal, subject: call.subject, traceId: call.traceId }) as AddedJob
  }

  return async ({ message }, call) => {
    if (!(message.body instanceof Uint8Array)) throw kernelError('INPUT_INVALID', { operation: `${binding}.receive` }, { errors: [{ path: '/message/body', message: 'must be bytes' }] })

    const nowMs = clock.now()
    const known = verify(message, nowMs)
    if ('bad' in known) throw integrationError('INTEGRATION_INBOUND_REFUSED', { binding, reason: known.bad })
    const replayed = () => integrationError('INTEGRATION_INBOUND_REPLAYED', { binding })
    if (taken.has(known, nowMs)) throw replayed()

    const body = readBody(binding, message.headers['content-type'], message.body)
    const job = await enqueue(known, body, call).catch((cause: unknown) => { throw notTaken(binding, cause, log) })
    taken.add(known, nowMs)
    // Taken before a restart, or by another replica.
    if (job.repeated && isOfSameNonce(job.payload, known)) throw replayed()
    return { id: known.id, repeated: job.repeated }
  }
}

interface AddedJob {
  readonly repeated: boolean
  readonly payload: Json
}

function readyVerify({ verify }: InboundKeys, binding: string, plugin: string): Verify {
  try {
    return makeVerify(verify)
  } catch (cause) {
    throw kernelError('PLUGIN_START_FAILED', { binding, plugin, reason: cause instanceof Error ? cause.message : 'a key cannot be read' }, { cause })
  }
}

/** Ids are the partner's own: two partners may have the same. */
function keyOf(binding: string, id: string): string {
  const key = `${binding}:${id}`
  return key.length <= maxKeyBytes ? key : `${binding}:sha256:${createHash('sha256').update(id).digest('hex')}`
}

function readBody(binding: string, contentType: string | readonly string[] | undefined, bytes: Uint8Array): Json {
  const invalid = (reason: string, errors: readonly FieldError[] = []) => integrationError('INTEGRATION_INBOUND_INVALID', { binding, reason }, { errors })
  const type = typeof contentType === 'string' ? (contentType.split(';', 1)[0] ?? '').trim().toLowerCase() : ''
  if (type !== 'application/json' && !type.endsWith('+json')) throw invalid('is not sent as JSON')

  const value = parse(bytes)
  if (value === undefined) throw invalid('is not well-formed JSON in UTF-8')
  const bad = findBadText(value, { maxDepth })
  if (bad) throw invalid(`cannot be taken: ${bad.path || 'it'} ${bad.message}`, [bad])
  return value
}

function parse(bytes: Uint8Array): Json | undefined {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Json
  } catch {
    return undefined
  }
}

/** A partner is told whether to send it again, and nothing of what stands behind. */
function notTaken(binding: string, cause: unknown, log: InboundParts['log']): Error {
  if (isPorticoError(cause) && (cause.code === 'CALL_ABORTED' || cause.code === 'INTEGRATION_INBOUND_NOT_TAKEN')) return cause
  if (isPorticoError(cause) && ofMessage.has(cause.code)) {
    const errors = cause.errors.flatMap(({ path, message }) => (path.startsWith('/payload/body') ? [{ path: path.slice('/payload/body'.length), message }] : []))
    return integrationError('INTEGRATION_INBOUND_INVALID', { binding, reason: 'is not what is taken here' }, { cause, errors })
  }
  log.error({ err: cause }, 'a message of the partner could not be queued')
  return integrationError('INTEGRATION_INBOUND_NOT_TAKEN', { binding }, { cause, retryAfterMs })
}

function isOfSameNonce(payload: Json, { nonce }: KnownMessage): boolean {
  return typeof payload === 'object' && payload !== null && 'nonce' in payload && payload.nonce === nonce
}
