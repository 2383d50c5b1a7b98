import { createHmac, sign as signBytes, timingSafeEqual, verify as verifyBytes } from 'node:crypto'
import { contentDigest, isDigestOf } from './content-digest.ts'
import type { SignatureKey } from './keys.ts'
import { signatureBase, type Message, type MessageHeaders } from './message.ts'
import { parseByteSequences, parseInnerLists, serializeInnerList, type Bare, type Component, type InnerList } from './structured.ts'

export interface SignWith {
  readonly key: SignatureKey
  /** Components as they are written without quotes: `@method`, `content-type`. */
  readonly components: readonly string[]
  readonly createdMs: number
  readonly nonce?: string
  readonly label?: string
}

/**
 * The headers that sign a message (RFC 9421): `signature-input` and `signature`. A covered header is in the message already.
 * @throws TypeError for a component that the message does not have.
 */
export function signMessage(message: Message, { key, components, createdMs, nonce, label = 'sig1' }: SignWith): Readonly<Record<'signature-input' | 'signature', string>> {
  const parameters = new Map<string, Bare>([['created', Math.floor(createdMs / 1_000)]])
  if (key.id !== undefined) parameters.set('keyid', key.id)
  if (nonce !== undefined) parameters.set('nonce', nonce)
  const covered: InnerList = { items: components.map((name) => ({ name, parameters: new Map() })), parameters }
  const base = signatureBase(message, covered)
  if (base === undefined) throw new TypeError(`a message without one of ${components.join(', ')} cannot be signed`)
  return { 'signature-input': `${label}=${serializeInnerList(covered)}`, 'signature': `${label}=:${rawSignature(key, base).toString('base64')}:` }
}

/** `Content-Digest` of a body, then what signs it all. */
export function signedHeaders(message: Message, body: string | undefined, how: SignWith): Readonly<Record<string, string>> {
  if (body === undefined) return signMessage(message, how)
  const digest = { 'content-digest': contentDigest(body) }
  return { ...digest, ...signMessage({ ...message, headers: { ...message.headers, ...digest } }, how) }
}

export interface VerifyWith {
  readonly keys: readonly SignatureKey[]
  readonly nowMs: number
  /** How far `created` may lie from now, before or after. */
  readonly toleranceMs: number
  /** What must be covered: `@status`, or `@method;req` for the request of an answer. A body's digest always must. */
  readonly required: readonly string[]
}

export type Verified = { readonly createdMs: number; readonly keyId?: string; readonly nonce?: string } | { readonly bad: string }

const maxTried = 3

/** Whether one of the message's signatures is good, and covers what it must; if not, why, in words that tell a stranger nothing new. */
export function verifyMessage(message: Message, body: Buffer, how: VerifyWith): Verified {
  const inputs = parseInnerLists(joined(message.headers, 'signature-input'))
  const signatures = parseByteSequences(joined(message.headers, 'signature'))
  if (!inputs || !signatures) return { bad: 'has a signature that cannot be read' }

  let verified: Verified = { bad: 'has no signature' }
  for (const [label, covered] of [...inputs].slice(0, maxTried)) {
    const signature = signatures.get(label)
    if (!signature) continue
    verified = verifyOne(message, body, covered, signature, how)
    if (!('bad' in verified)) return verified
  }
  return verified
}

function verifyOne(message: Message, body: Buffer, covered: InnerList, signature: Buffer, { keys, nowMs, toleranceMs, required }: VerifyWith): Verified {
  const { parameters } = covered
  const [created, expires, keyId, nonce, algorithm] = ['created', 'expires', 'keyid', 'nonce', 'alg'].map((name) => parameters.get(name))
  if (typeof created !== 'number') return { bad: 'has a signature without a time' }
  if (Math.abs(nowMs - created * 1_000) > toleranceMs) return { bad: 'has a signature of another time' }
  if (expires !== undefined && (typeof expires !== 'number' || expires * 1_000 < nowMs)) return { bad: 'has a signature that has expired' }
  const missing = [...required, ...(body.length > 0 ? ['content-digest'] : [])].find((name) => !covered.items.some((item) => isNamed(item, name)))
  if (missing !== undefined) return { bad: `has a signature that does not cover ${missing}` }

  const base = signatureBase(message, covered)
  if (base === undefined) return { bad: 'has a signature over something that is not there' }
  const fitting = keys.filter((key) => (key.id === undefined || keyId === undefined || key.id === keyId) && (algorithm === undefined || algorithm === key.algorithm))
  if (!fitting.some((key) => isSignature(key, base, signature))) return { bad: 'has a signature that is not the partner\'s' }
  // Last: what is digested is as large as its sender likes.
  if (covered.items.some((item) => isNamed(item, 'content-digest')) && !isDigestOf(joined(message.headers, 'content-digest'), body)) return { bad: 'is not what was signed' }
  return { createdMs: created * 1_000, ...(typeof keyId === 'string' && { keyId }), ...(typeof nonce === 'string' && { nonce }) }
}

/** `name`, or `name;req`. */
function isNamed({ name, parameters }: Component, wanted: string): boolean {
  return wanted === (parameters.get('req') === true ? `${name};req` : name)
}

function rawSignature({ algorithm, key }: SignatureKey, base: string): Buffer {
  return algorithm === 'ed25519' ? signBytes(null, Buffer.from(base), key) : createHmac('sha256', key).update(base).digest()
}

function isSignature(key: SignatureKey, base: string, signature: Buffer): boolean {
  if (key.algorithm === 'ed25519') return verifyBytes(null, Buffer.from(base), key.key, signature)
  const own = rawSignature(key, base)
  return own.length === signature.length && timingSafeEqual(own, signature)
}

function joined(headers: MessageHeaders, name: string): string {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined
  return value === undefined ? '' : typeof value === 'string' ? value : value.join(', ')
}
