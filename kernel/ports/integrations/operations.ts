import type { Call } from '../../call.ts'
import type { Json } from '../../json.ts'
import type { Operation } from '../definition.ts'
import { descriptionSchema, type IntegrationDescription } from './description.ts'
import type { RawMessage } from './inbound/verify.ts'

export interface CallInput {
  /** The name under `operations` in the manifest. */
  readonly operation: string
  /** `{}` unless given. */
  readonly input?: Json
  /** Sent with the call, so that the partner can tell a repeat from a new call: 1 to 255 visible ASCII characters. */
  readonly idempotencyKey?: string
}

export interface CallOutput {
  /** The partner's answer; null when it was empty, or when the call was only accepted. */
  readonly output: Json
  /** True when a fallback answered. */
  readonly degraded: boolean
  /** The plugin that answered. */
  readonly via: string
  /** True when the call is kept durably and has not reached the partner yet. */
  readonly accepted: boolean
}

export interface ReceiveInput {
  readonly message: RawMessage
}

export interface Received {
  /** The message's own, as its partner gives it. */
  readonly id: string
  /** True when the partner sent it again: it was taken before, and is not taken twice. */
  readonly repeated: boolean
}

export interface IntegrationOperations {
  /**
   * Calls a declared operation of the partner, once. When a fallback is declared, it answers in place of a partner that
   * surely did not apply the call, or of any failure of an idempotent operation; the answer is then marked as degraded.
   * An operation with `idempotencyKey: true` is sent with a key that stays the same in every attempt and in a fallback; without
   * it a key that the caller gives is sent as well, and does not make the operation idempotent.
   * Input is plain JSON, at most 30 levels deep; the answer likewise at most 100. Numbers are IEEE doubles.
   * @throws INTEGRATION_NOT_FOUND when the manifest declares no such operation.
   * @throws INTEGRATION_INPUT_INVALID when the input breaks its schema, or does not fit the path or the query.
   * @throws INTEGRATION_BAD_ANSWER when the answer is no JSON, breaks its schema, or is too large.
   * @throws INTEGRATION_PARTNER_REFUSED for a 4xx: `details` has `partnerStatus` and, as JSON, the partner's `answer`.
   * @throws INTEGRATION_PARTNER_FAILED for a 5xx, a 429 or a lost connection, when a repeat does no harm.
   * @throws INTEGRATION_MAYBE_APPLIED for a 5xx on an operation that is not idempotent.
   * @throws INTEGRATION_UNREACHABLE when no connection could be made.
   * @throws INTEGRATION_TIMEOUT when a repeat does no harm, INTEGRATION_OUTCOME_UNKNOWN when a call that is not
   *   idempotent may have reached the partner, for a timeout and for a lost connection.
   */
  call(input: CallInput, call: Call): Promise<CallOutput>
  /** What can be called and what stands behind it: the operations with their schemas, the fallbacks, and how the last calls went. */
  describe(input: object, call: Call): Promise<IntegrationDescription>
  /**
   * Takes a message of the partner: its signature, its time and its nonce are checked on the bytes as they came, then it is
   * parsed and put into the queue that the manifest names, under its id. It is durable when answered.
   * The job's payload is `{ integration, id, nonce, sentAt, body }`.
   * @throws INTEGRATION_INBOUND_NOT_DECLARED when the manifest has no `inbound`.
   * @throws INTEGRATION_INBOUND_REFUSED for a signature that is missing, of no known key, of another time or over something else.
   * @throws INTEGRATION_INBOUND_REPLAYED for the very message that was taken before; one that its partner signed again is
   *   `repeated: true`.
   * @throws INTEGRATION_INBOUND_INVALID for a good message that is no JSON, or that the queue's schema or bounds refuse.
   * @throws INTEGRATION_INBOUND_NOT_TAKEN when the queue could not take it.
   */
  receive(input: ReceiveInput, call: Call): Promise<Received>
}

export const integrationOperations: { readonly [O in keyof IntegrationOperations]: Operation<never> } = {
  call: {
    summary: 'Calls an operation of the partner', effect: 'write', idempotent: false,
    input: {
      type: 'object', additionalProperties: false, required: ['operation'],
      properties: {
        operation: { type: 'string', minLength: 1, maxLength: 40 },
        input: { description: "The operation's input, as its schema in the manifest says." },
        idempotencyKey: { type: 'string', pattern: '^[!-~]{1,255}$', description: 'Tells the partner a repeat from a new call.' },
      },
    },
    output: {
      type: 'object', additionalProperties: false, required: ['output', 'degraded', 'via', 'accepted'],
      properties: { output: {}, degraded: { type: 'boolean' }, via: { type: 'string' }, accepted: { type: 'boolean' } },
    },
    http: {
      method: 'POST', path: '/:operation', body: 'input', from: { idempotencyKey: { header: 'Idempotency-Key', form: 'text' } },
      status: { field: 'accepted', equals: true, then: 202, else: 200 },
      answer: { omit: ['accepted'] },
    },
  },
  describe: {
    summary: 'Describes the partner: its operations, what it receives, its fallbacks and its last failure', effect: 'read', idempotent: true, local: true,
    input: { type: 'object', additionalProperties: false, properties: {} },
    output: descriptionSchema,
    http: { method: 'GET', path: '', status: 200 },
  },
  receive: {
    summary: 'Takes a signed message of the partner into a queue', effect: 'write', idempotent: true, local: true, public: true,
    input: {
      type: 'object', additionalProperties: false, required: ['message'],
      properties: {
        message: {
          type: 'object', additionalProperties: false, required: ['method', 'headers', 'body'], description: 'The request as it came.',
          properties: { method: { type: 'string' }, headers: { type: 'object' }, body: { description: 'Bytes.' } },
        },
      },
    },
    output: { type: 'object', additionalProperties: false, required: ['id', 'repeated'], properties: { id: { type: 'string' }, repeated: { type: 'boolean' } } },
    http: { method: 'POST', path: '/_inbound', raw: 'message', status: 202 },
  },
}
