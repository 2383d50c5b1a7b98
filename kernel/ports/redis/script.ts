import { createHash } from 'node:crypto'

/** `write`: it may change something, so that without an answer nobody knows whether it did. */
export type RedisEffect = 'read' | 'write'

/** A Lua script, known to the server by the SHA-1 of its text once it ran there. */
export interface RedisScript {
  readonly text: string
  readonly sha: string
  readonly effect: RedisEffect
}

/** The parts make one text; they are a driver's own, never a caller's. */
export function redisScript(effect: RedisEffect, ...parts: readonly string[]): RedisScript {
  const text = parts.join('\n')
  return { text, sha: createHash('sha1').update(text).digest('hex'), effect }
}
