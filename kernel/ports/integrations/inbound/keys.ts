import type { JsonSchema } from '../../../json.ts'
import { durationSchema } from '../../../manifest/units.ts'
import type { BindingUse, KeyFault } from '../../definition.ts'
import type { SignatureAlgorithm } from '../signatures/keys.ts'

/** Messages that the partner sends: how they are known to be its own, and where they go. */
export interface InboundKeys {
  readonly verify: VerifyKeys
  readonly to: { readonly binding?: string; readonly queue: string }
}

export interface VerifyKeys {
  readonly scheme: 'standard-webhooks' | 'http-signature'
  /** Texts of keys by name; several while one is replaced by another. */
  readonly keys: Readonly<Record<string, string>>
  readonly toleranceMs?: number
  /** All of `http-signature` alone. */
  readonly algorithm?: SignatureAlgorithm
  readonly url?: string
  readonly covers?: readonly string[]
  readonly idHeader?: string
}

/**
 * How far the time of a message may lie from now. Twice as long a message can be sent again, and no queue forgets the key of a
 * job sooner than 10 minutes after its end.
 */
export const maxToleranceMs = 300_000

const forHttpSignature = ['algorithm', 'url', 'covers', 'idHeader'] as const satisfies readonly (keyof VerifyKeys)[]

const verifySchema: JsonSchema = {
  type: 'object', additionalProperties: false, required: ['scheme', 'keys'],
  description: 'What makes a message one of the partner.',
  properties: {
    scheme: { enum: ['standard-webhooks', 'http-signature'], description: 'Standard Webhooks, or HTTP Message Signatures (RFC 9421).' },
    keys: {
      type: 'object', minProperties: 1, maxProperties: 5, propertyNames: { pattern: '^[!-~]{1,100}$', description: 'a name of 1 to 100 visible ASCII characters' },
      additionalProperties: { type: 'string', minLength: 1, maxLength: 10_000, writeOnly: true },
      description: 'The keys by name, several while one is replaced by another: secrets in base64 (`whsec_…`), or for Ed25519 public keys in PEM or as a JWK. With `http-signature` the name is what `keyid` says. Refer to secrets, as in "${secret:payments-webhooks}".',
    },
    tolerance: { ...durationSchema, 'x-min': 1_000, 'x-max': maxToleranceMs, description: 'How far the time in the signature may lie from now; 5m unless set.' },
    algorithm: { enum: ['ed25519', 'hmac-sha256'], description: 'Of `http-signature`: what the keys are for; ed25519 unless set.' },
    url: {
      type: 'string', maxLength: 2_000, pattern: '^https?://[^/?#@\\s]+/[^?#\\s]*$', examples: ['https://hooks.shop.example/v1/integrations.payments/_inbound'],
      description: 'Of `http-signature`: the URL that the partner calls, as it signs it.',
    },
    covers: {
      type: 'array', minItems: 1, maxItems: 20, uniqueItems: true, items: { type: 'string', pattern: '^(@(method|target-uri|authority|scheme|request-target|path|query)|[a-z0-9-]{1,100})$' },
      description: 'Of `http-signature`: what a signature must cover beside the body; `[\'@method\', \'@target-uri\']` unless set.',
    },
    idHeader: { type: 'string', pattern: '^[a-z0-9-]{1,100}$', description: 'Of `http-signature`: the header, in lower case, that has the id of a message and stays the same when it is sent again; a signature must cover it. The nonce unless set.' },
  },
}

export const inboundSchema: JsonSchema = {
  type: 'object', additionalProperties: false, required: ['verify', 'to'],
  description: 'Messages that the partner sends, taken at `POST /v1/<binding>/_inbound`.',
  properties: {
    verify: verifySchema,
    to: {
      type: 'object', additionalProperties: false, required: ['queue'], description: 'The queue that each message is a job of.',
      properties: {
        binding: { type: 'string', minLength: 1, description: 'The binding of the port queue; `queue` unless set.' },
        queue: { type: 'string', minLength: 1, description: 'One of its queues.' },
      },
    },
  },
}

/** Keys that belong to the other scheme, and a URL that is missing: the `Host` of a request is its sender's word. */
export function faultsOfInbound(inbound: InboundKeys | undefined): readonly KeyFault[] {
  if (!inbound) return []
  const { verify } = inbound
  const path = ['inbound', 'verify']
  if (verify.scheme === 'http-signature') return verify.url === undefined ? [{ path, message: 'needs `url`: what the partner calls, which its signature covers' }] : []
  return forHttpSignature.filter((name) => verify[name] !== undefined).map((name) => ({ path: [...path, name], on: 'key', message: `${name} is of the scheme http-signature` }))
}

export function usesOfInbound(inbound: InboundKeys | undefined): readonly BindingUse[] {
  if (!inbound) return []
  const { binding, queue } = inbound.to
  return [{
    port: 'queue', binding: binding ?? 'queue', path: binding === undefined ? ['inbound', 'to'] : ['inbound', 'to', 'binding'],
    capability: 'idempotency', entry: { of: 'queues', name: queue, path: ['inbound', 'to', 'queue'] },
  }]
}
