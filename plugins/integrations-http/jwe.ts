import { createSecretKey, type KeyObject } from 'node:crypto'
import type { SettingsOf } from '../../kernel/plugin.ts'
import { readKeyObject } from '../../kernel/ports/integrations/signatures/keys.ts'
import { keyText, readingKey } from './named-keys.ts'
import type { settings as declared } from './settings.ts'

type JweSettings = Pick<SettingsOf<typeof declared>, 'keys' | 'encryption' | 'decryption'>

/** A text as compact JWE. */
export type Encrypt = (text: string) => Promise<string>

/** The text of a compact JWE; undefined when it is none that this key opens. */
export interface Decryption {
  readonly required: boolean
  open(jwe: string): Promise<string | undefined>
}

/** Undefined when bodies are not encrypted. @throws Error that says which setting is wrong. */
export async function readEncryption({ keys, encryption }: JweSettings): Promise<Encrypt | undefined> {
  const { key: name, algorithm, content, keyId } = encryption
  if (name === undefined) return undefined
  const text = keyText(keys, name, 'encryption')
  const key = readingKey('encryption', () => readKey(text, algorithm, 'encrypt'))
  const { CompactEncrypt } = await import('jose')
  const encrypt: Encrypt = (body) => new CompactEncrypt(new TextEncoder().encode(body)).setProtectedHeader({ alg: algorithm, enc: content, kid: keyId ?? name, cty: 'application/json' }).encrypt(key)
  try {
    await encrypt('{}')
  } catch (cause) {
    throw new Error(`encryption.key: it cannot encrypt by ${algorithm} and ${content}`, { cause })
  }
  return encrypt
}

/** Undefined when no answer is decrypted. @throws Error that says which setting is wrong. */
export async function readDecryption({ keys, decryption }: JweSettings): Promise<Decryption | undefined> {
  const { key: name, algorithm, content, required } = decryption
  if (name === undefined) {
    if (required) throw new Error('decryption.required needs decryption.key')
    return undefined
  }
  const text = keyText(keys, name, 'decryption')
  const key = readingKey('decryption', () => readKey(text, algorithm, 'decrypt'))
  const { compactDecrypt } = await import('jose')
  // What is compressed could be much larger than what was read.
  const only = { keyManagementAlgorithms: [algorithm], contentEncryptionAlgorithms: [content], maxDecompressedLength: 0 }
  return {
    required,
    async open(jwe) {
      try {
        const { plaintext } = await compactDecrypt(jwe, key, only)
        return new TextDecoder('utf-8', { fatal: true }).decode(plaintext)
      } catch {
        return undefined
      }
    },
  }
}

const minSecretBytes = 16

function readKey(text: string, algorithm: string, to: 'encrypt' | 'decrypt'): KeyObject {
  if (algorithm !== 'A256KW' && algorithm !== 'dir') {
    const key = readKeyObject(text, to)
    if (!key) throw new Error(`is no key to ${to} with, in PEM or as a JWK`)
    return key
  }
  const secret = /^[A-Za-z0-9+/]+={0,2}$/.test(text.trim()) ? Buffer.from(text.trim(), 'base64') : undefined
  if (!secret || secret.length < minSecretBytes) throw new Error('is no secret in base64')
  return createSecretKey(secret)
}
