import { randomBytes } from 'node:crypto'

/** Makes versions that no process ever made before: what this one begins with is random, and the rest is counted. */
export function makeVersions(): () => string {
  const start = randomBytes(9).toString('base64url')
  let count = 0
  return () => `${start}${(count++).toString(36)}`
}
