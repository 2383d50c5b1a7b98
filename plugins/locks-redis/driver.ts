import { createHash } from 'node:crypto'
import type { Call } from '../../kernel/plugin.ts'
import type { LockAnswer, LocksDriver, LockWanted } from '../../kernel/ports/locks/index.ts'
import type { RedisConnection, RedisReply, RedisScript } from '../../kernel/ports/redis/index.ts'
import { acquireScript, lookScript, releaseScript, renewScript } from './scripts.ts'

/** How long the repeat of a release is known. */
const endedMs = 600_000

/** A lock is a key that goes by itself; each verb is one script, one round trip. */
export class RedisLocks implements LocksDriver {
  readonly wakesReach = 'everyone'
  readonly #connection: RedisConnection
  /** Begins the keys of the binding; the braces keep them in one slot. */
  readonly #base: string

  constructor(connection: RedisConnection, binding: string) {
    this.#connection = connection
    this.#base = `${connection.prefix}:{${binding}}:`
  }

  async acquire({ name, token, ttlMs }: LockWanted, call: Call): Promise<LockAnswer> {
    return toAnswer(await this.#run(acquireScript, name, [token, String(ttlMs)], call))
  }

  async look({ name, token }: LockWanted, call: Call): Promise<LockAnswer> {
    return toAnswer(await this.#run(lookScript, name, [token], call))
  }

  async renew({ name, token, ttlMs }: LockWanted, call: Call): Promise<number | undefined> {
    const fencingToken = await this.#run(renewScript, name, [token, String(ttlMs)], call)
    return fencingToken === null ? undefined : Number(fencingToken)
  }

  async release({ name, token }: Pick<LockWanted, 'name' | 'token'>, call: Call): Promise<boolean> {
    return (await this.#run(releaseScript, name, [token, String(endedMs), this.#channel(name)], call)) === 1
  }

  onWake(name: string, listener: () => void): () => void {
    return this.#connection.signals.on(this.#channel(name), () => listener())
  }

  #channel(name: string): string {
    return `${this.#base}wake:${digest(name)}`
  }

  #run(script: RedisScript, name: string, values: readonly string[], call: Call): Promise<RedisReply> {
    const hash = digest(name)
    return this.#connection.run(script, [`${this.#base}lock:${hash}`, `${this.#base}ended:${hash}`, `${this.#base}fence`], values, call)
  }
}

function toAnswer(reply: RedisReply): LockAnswer {
  const [what, number, leftMs] = reply as readonly RedisReply[]
  if (what === 2) return { released: true }
  return what === 1 ? { fencingToken: Number(number), ...(leftMs !== undefined && { leftMs: Number(leftMs) }) } : { heldForMs: Number(number) }
}

/** A name is free text, and part of a key. */
function digest(name: string): string {
  return createHash('sha256').update(name).digest('hex')
}
