import { createHash, timingSafeEqual } from 'node:crypto'
import { parseByteSequences } from './structured.ts'

const algorithms: Readonly<Record<string, string>> = { 'sha-256': 'sha256', 'sha-512': 'sha512' }

/** The value of `Content-Digest` (RFC 9530). */
export function contentDigest(body: string | Buffer): string {
  return `sha-256=:${createHash('sha256').update(body).digest('base64')}:`
}

/** Whether a `Content-Digest` is that of the body: by every algorithm that is safe and known, and by one at least. */
export function isDigestOf(header: string, body: Buffer): boolean {
  const known = [...(parseByteSequences(header) ?? [])].filter(([name]) => Object.hasOwn(algorithms, name))
  return known.length > 0 && known.every(([name, digest]) => {
    const own = createHash(algorithms[name] ?? 'sha256').update(body).digest()
    return own.length === digest.length && timingSafeEqual(own, digest)
  })
}
