import type { JsonSchema } from '../../json.ts'
import { durationSchema } from '../../manifest/units.ts'

/** What the manifest says of who is sent the jobs of a queue. */
export interface DeliverKeys {
  readonly url: string
  readonly concurrency?: number
  readonly timeoutMs?: number
  /** Secrets of Standard Webhooks. */
  readonly signing?: string | readonly string[]
  readonly allowPrivate?: boolean
}

const secretSchema: JsonSchema = {
  type: 'string', writeOnly: true, pattern: '^whsec_[A-Za-z0-9+/]{32,88}={0,2}$', examples: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
  description: 'A secret of Standard Webhooks: `whsec_` and 24 to 64 bytes in base64. Refer to one, as in "${secret:emails-signing}".',
}

export const deliverSchema: JsonSchema = {
  type: 'object',
  description: 'Sends each job of this queue to a URL, as a CloudEvent.',
  additionalProperties: false,
  required: ['url'],
  properties: {
    url: {
      type: 'string', format: 'uri', maxLength: 2_000, pattern: '^https?://[^/?#@\\s]+([/?][^#\\s]*)?$', examples: ['http://127.0.0.1:3000/jobs/email'],
      description: 'Where each job is POSTed; http or https, without user, password or fragment. The host is allowed as it is written; a name that resolves to a private address is not, unless allowPrivate is set.',
    },
    concurrency: { type: 'integer', minimum: 1, maximum: 1_000, description: 'How many jobs each replica sends at once; 10 unless set.' },
    timeout: { ...durationSchema, 'x-min': 100, 'x-max': 3_600_000, description: 'How long one delivery may take, from the connection to the end of the answer; 30s unless set.' },
    signing: { anyOf: [secretSchema, { type: 'array', items: secretSchema, minItems: 1, maxItems: 5, writeOnly: true }], description: 'What each delivery is signed with (Standard Webhooks); several while one is replaced by another.' },
    allowPrivate: { type: 'boolean', description: 'The name in the URL may resolve to a private address, as inside a cluster; false unless set.' },
  },
}
