import { readdirSync, readFileSync, statSync } from 'node:fs'

/** The bytes of a regular file, or why it cannot be read, in words that follow its name. The only effect of this folder. */
export type ReadResult = { readonly bytes: Buffer } | { readonly failure: string }

/** Reads a file of at most `maxBytes`; a larger one, a folder or a device is refused before it is opened. */
export function readFile(path: string, maxBytes: number): ReadResult {
  try {
    const stat = statSync(path)
    if (!stat.isFile()) return { failure: stat.isDirectory() ? 'is a folder' : 'is not a regular file' }
    if (stat.size > maxBytes) return { failure: `has ${stat.size} bytes; at most ${maxBytes} are read` }
    return { bytes: readFileSync(path) }
  } catch (cause) {
    return { failure: reasonOf(cause) }
  }
}

/** The names in a folder that are no folders, or why it cannot be read, in words that follow its name. */
export function readFolder(path: string): { readonly names: readonly string[] } | { readonly failure: string } {
  try {
    if (!statSync(path).isDirectory()) return { failure: 'is not a folder' }
    return { names: readdirSync(path, { withFileTypes: true }).filter((entry) => !entry.isDirectory()).map(({ name }) => name).sort() }
  } catch (cause) {
    return { failure: reasonOf(cause) }
  }
}

/** The failure of a file that is not there. */
export const doesNotExist = 'does not exist'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: doesNotExist, EACCES: 'cannot be read: permission denied', EPERM: 'cannot be read: permission denied',
  ENOTDIR: doesNotExist, ELOOP: 'is a loop of links', ENAMETOOLONG: 'has too long a name', ERR_INVALID_ARG_VALUE: 'is not a file name',
}

function reasonOf(cause: unknown): string {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : 'unknown error'
  return reasons[code] ?? `cannot be read: ${code}`
}

/** The text of UTF-8 bytes without a byte order mark; undefined for anything else. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
