import type { Call, Log } from '../../kernel/plugin.ts'
import { databaseError, type RedisConnection, type RedisEffect, type RedisFacts, type RedisReply, type RedisScript } from '../../kernel/ports/redis/index.ts'
import type { Client, Settings } from './client.ts'
import { DeadlinePassed, isDemoted, isUnknownScript, toDatabaseError } from './faults.ts'
import type { Link } from './link.ts'
import { Signals } from './signals.ts'

/** The longest that a timer can be. */
const longestMs = 2 ** 31 - 1
const signalMs = 5_000

type Words = readonly [string, ...string[]]

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
    const unknown = (error: unknown) => (isUnknownScript(error) ? this.#send([['EVAL', text, ...rest]], effect, call) : undefined)
    const [reply = null] = await this.#send([['EVALSHA', sha, ...rest]], effect, call, unknown)
    return reply
  }

  async command(words: Words, effect: RedisEffect, call: Call): Promise<RedisReply> {
    const [reply = null] = await this.#send([words], effect, call)
    return reply
  }

  commands(all: readonly Words[], effect: RedisEffect, call: Call): Promise<readonly RedisReply[]> {
    return this.#send(all, effect, call)
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

  /** Sends them together, with one time limit. Each error is the port's, but for those that there is something to do about. */
  #send(all: readonly Words[], effect: RedisEffect, call: Call, otherwise?: (error: unknown) => Promise<readonly RedisReply[]> | undefined): Promise<readonly RedisReply[]> {
    const remainingMs = call.remainingMs()
    const link = this.#link
    if (remainingMs <= 0 || link.pending >= this.#maxPending) return Promise.reject(databaseError(this.#connection, 'busy', ''))
    if (!link.client) return Promise.reject(databaseError(this.#connection, 'unavailable', '', link.fault))

    return new Promise((resolve, reject) => {
      const replies = new Array<RedisReply>(all.length)
      let left = all.length
      let failed = false
      const fail = (error: unknown) => {
        // What is sent cannot be called back: an answer that comes later meets nobody.
        if (failed) return
        failed = true
        clearTimeout(timer)
        if (isDemoted(error)) link.reset()
        const again = otherwise?.(error)
        if (again) resolve(again)
        else reject(toDatabaseError(error, this.#connection, effect))
      }
      const timer = setTimeout(() => { fail(new DeadlinePassed()) }, Math.min(Math.ceil(remainingMs), longestMs))
      for (const [at, words] of all.entries()) {
        link.send(words, (reply) => {
          replies[at] = reply
          left -= 1
          if (left > 0 || failed) return
          clearTimeout(timer)
          resolve(replies)
        }, fail)
      }
    })
  }
}

/** A signal is nobody's call. */
function ownCall(): Call {
  return { signal: new AbortController().signal, remainingMs: () => signalMs, traceId: 'redis-signal', text: false, degrade: () => undefined }
}
