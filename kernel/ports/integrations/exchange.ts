import type { Json, JsonSchema } from '../../json.ts'
import type { NoAnswer } from './driver.ts'

/** A call and what became of it, as one line of a recording. It has no headers, no address and no idempotency key. */
export interface Exchange {
  readonly operation: string
  readonly input: Json
  /** When it ended, in RFC 3339. */
  readonly at?: string
  /** JSON pointers of what is masked in it, from `/input` on: the same is masked in an input that is compared with it. */
  readonly masked?: readonly string[]
  /** One of the three: an answer over HTTP, an output that the driver made, or why there was none. */
  readonly answer?: RecordedAnswer
  readonly output?: Json
  readonly failure?: NoAnswer
}

export interface RecordedAnswer {
  readonly status: number
  readonly mediaType: string
  readonly retryAfterMs?: number
  /** Its JSON; without it the answer was empty, or left out. */
  readonly body?: Json
  /** It had a body that is not kept: no JSON, so that nothing in it could be masked. */
  readonly leftOut?: true
}

/** Deeper than any input or answer that the port takes, with what stands round them. */
export const maxExchangeDepth = 105

const pointers: JsonSchema = { type: 'array', items: { type: 'string', pattern: '^/input(/([^~/]|~[01])*)*$' } }

export const exchangeSchema: JsonSchema = {
  type: 'object', additionalProperties: false, required: ['operation', 'input'],
  oneOf: [{ required: ['answer'] }, { required: ['output'] }, { required: ['failure'] }],
  properties: {
    operation: { type: 'string', maxLength: 40 }, input: {}, at: { type: 'string' }, masked: pointers, output: {},
    answer: {
      type: 'object', additionalProperties: false, required: ['status', 'mediaType'],
      properties: { status: { type: 'integer', minimum: 100, maximum: 599 }, mediaType: { type: 'string' }, retryAfterMs: { type: 'number', minimum: 0 }, body: {}, leftOut: { const: true } },
    },
    failure: {
      type: 'object', additionalProperties: false, required: ['why', 'reached', 'reason'],
      properties: { why: { enum: ['unreachable', 'timeout', 'lost', 'unreadable'] }, reached: { type: 'boolean' }, reason: { type: 'string' } },
    },
  },
}
