import type { Call, Log } from '../../kernel/plugin.ts'
import { databaseError, type RedisConnection, type RedisEffect, type RedisFacts, type RedisReply, type RedisScript } from '../../kernel/ports/redis/index.ts'
import type { Client, Settings } from './client.ts'
import { DeadlinePassed, isDemoted, isUnknownScript, toDatabaseError } from './faults.ts'
import type { Link } from './link.ts'
import { Signals } from './signals.ts'

/** The longest that a timer can be. */
const longestMs = 2 ** 31 - 1
const signalMs = 5_000

export interface DriverParts {
  readonly connection: string
  readonly settings: Settings
  readonly log: Log
  readonly make: () => Client
  readonly link: Link
  readonly facts: RedisFacts
  readonly serverRun: () => string
}

/** One database of one Redis. All calls share one connection, which sends those of one turn together. */
export class RedisDriver implements RedisConnection {
  readonly prefix: string
  readonly facts: RedisFacts
  readonly signals: Signals
  readonly #connection: string
  readonly #maxPending: number
  readonly #link: Link
  readonly #serverRun: () => string

  constructor(parts: DriverParts) {
    this.prefix = parts.settings.prefix
    this.facts = parts.facts
    this.#connection = parts.connection
    this.#maxPending = parts.settings.maxPending
    this.#link = parts.link
    this.#serverRun = parts.serverRun
    this.signals = new Signals({
      ...parts,
      // It changes nothing that is kept.
      publish: (channel, text) => this.command(['PUBLISH', channel, text], 'read', ownCall()),
    })
  }

  get serverRun(): string {
    return this.#serverRun()
  }

  async run({ sha, text, effect }: RedisScript, keys: readonly string[], values: readonly string[], call: Call): Promise<RedisReply> {
    const rest = [String(keys.length), ...keys, ...values]
    try {
      return await this.#send(['EVALSHA', sha, ...rest], effect, call, isUnknownScript)
    } catch (error) {
      if (!isUnknownScript(error)) throw error
      return this.#send(['EVAL', text, ...rest], effect, call)
    }
  }

  command(words: readonly [string, ...string[]], effect: RedisEffect, call: Call): Promise<RedisReply> {
    return this.#send(words, effect, call)
  }

  async now(call: Call): Promise<number> {
    const [seconds, micros] = (await this.command(['TIME'], 'read', call)) as readonly [string, string]
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000)
  }

  async health(call: Call): Promise<void> {
    await this.command(['PING'], 'read', call)
  }

  close(): void {
    this.signals.close()
    this.#link.close()
  }

  /** Each error is the port's, but for those that `kept` wants as they are. */
  async #send(words: readonly string[], effect: RedisEffect, call: Call, kept?: (error: unknown) => boolean): Promise<RedisReply> {
    const remainingMs = call.remainingMs()
    const link = this.#link
    if (remainingMs <= 0 || link.pending >= this.#maxPending) throw databaseError(this.#connection, 'busy', '')
    if (!link.client) throw databaseError(this.#connection, 'unavailable', '', link.fault)

    try {
      return await within(remainingMs, link.send(words))
    } catch (error) {
      if (isDemoted(error)) link.reset()
      throw kept?.(error) ? error : toDatabaseError(error, this.#connection, effect)
    }
  }
}

/** What is sent cannot be called back: its answer, when it comes, meets nobody. */
async function within<T>(ms: number, sent: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new DeadlinePassed()), Math.min(Math.ceil(ms), longestMs))
  try {
    return await Promise.race([sent, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** A signal is nobody's call. */
function ownCall(): Call {
  return { signal: new AbortController().signal, remainingMs: () => signalMs, traceId: 'redis-signal', text: false, degrade: () => undefined }
}
