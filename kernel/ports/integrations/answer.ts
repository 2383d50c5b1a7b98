import type { Json } from '../../json.ts'
import { findBadText } from '../text.ts'
import type { PartnerAnswer } from './driver.ts'
import { integrationError } from './errors.ts'
import type { DeclaredError } from './http-form.ts'
import type { ReadyOperation } from './ready.ts'

/** Beyond it a writer of JSON runs out of stack. */
const maxDepth = 100

/** What the partner's answer means: its JSON, or the error it stands for. */
export function readAnswer(operation: ReadyOperation, answer: PartnerAnswer): Json {
  const { status } = answer
  const declared = operation.http?.errors?.[status]
  if (declared) throw declaredError(operation, answer, declared)
  const expected = operation.http?.expect?.includes(status) ?? (status >= 200 && status < 300)
  if (expected) return readOutput(operation, answer)

  const at = { binding: operation.binding, operation: operation.name }
  if (status >= 500 || status === 429) {
    const from = { ...at, reason: `answered ${status}`, partnerStatus: status }
    const extras = answer.retryAfterMs === undefined ? {} : { retryAfterMs: answer.retryAfterMs }
    // 429 is a refusal to look at the call at all.
    const harmless = operation.idempotent || status === 429
    throw integrationError(harmless ? 'INTEGRATION_PARTNER_FAILED' : 'INTEGRATION_MAYBE_APPLIED', from, extras)
  }
  if (status >= 400) throw integrationError('INTEGRATION_PARTNER_REFUSED', { ...at, partnerStatus: status, answer: readRefusal(answer) })
  if (status >= 300) throw bad(operation, `is a redirect (${status}), which is not followed`)
  throw bad(operation, `has the status ${status}, which is not expected`)
}

/** A failure that the manifest has a name for. */
function declaredError({ binding, name }: ReadyOperation, answer: PartnerAnswer, { code, retryable = false, status }: DeclaredError): Error {
  const at = { binding, operation: name, partnerStatus: answer.status, partnerCode: code }
  if (!retryable) return integrationError('INTEGRATION_PARTNER_REFUSED', { ...at, answer: readRefusal(answer) }, { reason: code, ...(status !== undefined && { status }) })
  const { retryAfterMs } = answer
  return integrationError('INTEGRATION_PARTNER_FAILED', { ...at, reason: `answered ${answer.status} (${code})` }, { reason: code, ...(retryAfterMs !== undefined && { retryAfterMs }) })
}

function readOutput(operation: ReadyOperation, answer: PartnerAnswer): Json {
  if (answer.text === '') return checkOutput(operation, null)
  if (!isJson(answer)) throw bad(operation, answer.mediaType === '' ? 'has no Content-Type' : `is ${answer.mediaType.slice(0, 100)}, not JSON`)

  const value = parse(answer.text)
  if (value === undefined) throw bad(operation, 'is not well-formed JSON')
  const wrong = findBadText(value, { maxDepth })
  if (wrong) throw bad(operation, `cannot be taken: ${wrong.path || 'it'} ${wrong.message}`)
  return checkOutput(operation, value)
}

/** @throws INTEGRATION_BAD_ANSWER when it breaks the operation's schema. */
export function checkOutput(operation: ReadyOperation, value: Json): Json {
  const [error] = operation.checkOutput(value)
  if (error) throw bad(operation, `breaks its schema: ${error.path || 'it'} ${error.message}`)
  return value
}

function bad({ binding, name }: ReadyOperation, reason: string): Error {
  return integrationError('INTEGRATION_BAD_ANSWER', { binding, operation: name, reason })
}

/** What a refusal says, for code that knows the partner; null when it is no JSON that can be passed on. */
function readRefusal(answer: PartnerAnswer): Json {
  const value = isJson(answer) ? parse(answer.text) : undefined
  return value === undefined || findBadText(value, { maxDepth }) ? null : value
}

function isJson({ mediaType }: PartnerAnswer): boolean {
  return mediaType === 'application/json' || mediaType.endsWith('+json')
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
