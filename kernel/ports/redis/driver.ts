import type { Call } from '../../call.ts'
import type { RedisEffect, RedisScript } from './script.ts'

/** What the server answers. A script's `false` is null, its numbers are whole. */
export type RedisReply = string | number | null | readonly RedisReply[]

/** What was found out about the server when the connection opened. */
export interface RedisFacts {
  readonly version: string
  /** The `maxmemory-policy`: with any other than `noeviction` the server drops keys when its memory is full. */
  readonly evicts: string
  /** Every write goes to the append-only file as well; without it a restart loses what came after the last snapshot. */
  readonly appendOnly: boolean
}

/**
 * The driver interface of the inner port `redis`: one database of one server. Calls that are made in one turn are sent
 * together, in their order. Nothing is sent while the connection is down: such a call fails at once.
 * @throws DATABASE_UNAVAILABLE · DATABASE_BUSY · DATABASE_FULL (its memory, or its disk) · DATABASE_FAILED from each,
 *   DATABASE_OUTCOME_UNKNOWN from each that writes.
 */
export interface RedisConnection {
  /** Begins every key and channel that drivers use: `<prefix>:{<binding>}:…`, the braces so that a binding's keys stay together. */
  readonly prefix: string
  readonly facts: RedisFacts
  /**
   * The server's own name for its present run: another one after each restart, and of the server that took over. What it has then
   * may be older than what it answered before. As of the connection that the next call goes out on; empty where no server told.
   */
  readonly serverRun: string
  /**
   * Runs a script whole: nothing else happens at the server meanwhile, so it must be short. `keys` are its KEYS, `values` its
   * ARGV; nothing that a caller said may be part of a key or of the script's text. What it throws is DATABASE_FAILED.
   */
  run(script: RedisScript, keys: readonly string[], values: readonly string[], call: Call): Promise<RedisReply>
  /** One command: its name and arguments. */
  command(words: readonly [string, ...string[]], effect: RedisEffect, call: Call): Promise<RedisReply>
  /** Several commands in their order, sent together; others' may come between them. It fails with the first that does. */
  commands(all: readonly (readonly [string, ...string[]])[], effect: RedisEffect, call: Call): Promise<readonly RedisReply[]>
  /** The server's time in milliseconds since the epoch. */
  now(call: Call): Promise<number>
  /** Rejects when the server does not answer. */
  health(call: Call): Promise<void>
  readonly signals: RedisSignals
}

/** Messages to every process that listens on this server's channel, this one too. Lossy. */
export interface RedisSignals {
  /** Without text many signals to one channel may become one. */
  send(channel: string, text?: string): void
  /**
   * Hears each message from when it is told undefined, which is soon and not at once; and undefined again when there may be
   * some that it did not hear, for the connection was lost for a while. Answers what ends it. A channel is `<prefix>:…`, as a key.
   */
  on(channel: string, listener: (text: string | undefined) => void): () => void
}
