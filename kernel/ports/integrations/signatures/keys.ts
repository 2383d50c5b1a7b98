import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'

export type SignatureAlgorithm = 'ed25519' | 'hmac-sha256'

export interface SignatureKey {
  readonly algorithm: SignatureAlgorithm
  readonly key: KeyObject
  /** What `keyid` says, or has to say. */
  readonly id?: string
}

/** Below it a secret can be guessed. */
const minSecretBytes = 24

/**
 * A key from its text: for HMAC a secret in base64, with or without `whsec_` before it; for Ed25519 PEM, or a JWK in JSON. To sign
 * takes a private key; to verify a public one, or the private one that has it.
 * @throws Error in words that do not show the text.
 */
export function readSignatureKey(text: string, algorithm: SignatureAlgorithm, to: 'sign' | 'verify', id?: string): SignatureKey {
  return { algorithm, key: algorithm === 'ed25519' ? readEd25519(text, to) : createSecretKey(readSecret(text)), ...(id !== undefined && { id }) }
}

/** The bytes of a secret of Standard Webhooks, with or without `whsec_`. @throws Error that does not show it. */
export function readSecret(text: string): Buffer {
  const base64 = text.trim().replace(/^whsec_/, '')
  const secret = /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : undefined
  if (!secret || secret.length < minSecretBytes) throw new Error(`is no base64 of at least ${minSecretBytes} bytes`)
  return secret
}

function readEd25519(text: string, to: 'sign' | 'verify'): KeyObject {
  const key = readKeyObject(text, to)
  if (key?.asymmetricKeyType !== 'ed25519') throw new Error(`is no Ed25519 key to ${to} with, in PEM or as a JWK`)
  return key
}

/** A private key to sign or decrypt, or a public one to verify or encrypt, from PEM or a JWK in JSON; undefined when it is none. */
export function readKeyObject(text: string, to: 'sign' | 'decrypt' | 'verify' | 'encrypt'): KeyObject | undefined {
  try {
    const jwk = text.trimStart().startsWith('{')
    const input = jwk ? { key: JSON.parse(text) as import('node:crypto').JsonWebKey, format: 'jwk' as const } : text
    return to === 'sign' || to === 'decrypt' ? createPrivateKey(input) : createPublicKey(input)
  } catch {
    return undefined
  }
}
