import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { type Backoff, backoffMs, type Log } from '../../kernel/plugin.ts'
import { isLost } from './faults.ts'
import { destroy } from './pool.ts'

const pauses: Backoff = { initialMs: 100, maxMs: 5_000 }
/** A connection that held for so long did not fail for what it is. */
const soundAfterMs = 10_000
/** What lies idle is asked whether it is alive, and whatever is asked is answered within this. */
const askAfterMs = 15_000
const answerWithinMs = 5_000
const warnAgainAfterMs = 60_000

export interface ListenerParts {
  /** A name that needs no quotes. */
  readonly channel: string
  readonly open: () => pg.Client
  readonly log: Log
  readonly heard: (text: string) => void
  /** It listens, for the first time or again: what was said before was missed. */
  readonly listening: () => void
}

/** Keeps one connection on which a channel is heard and spoken to, and opens it again whenever it is lost. */
export class Listener {
  readonly #parts: ListenerParts
  readonly #closing = new AbortController()
  #client: pg.Client | undefined
  #kept: Promise<void> | undefined
  #warnedMs = Number.NEGATIVE_INFINITY

  constructor(parts: ListenerParts) {
    this.#parts = parts
  }

  get listens(): boolean {
    return this.#client !== undefined
  }

  /** Opens the connection in the background, where that has not begun. */
  start(): void {
    if (!this.#closing.signal.aborted) this.#kept ??= this.#keep()
  }

  /** Says these texts to whoever listens, this listener too. False when the connection is not there, or broke: then they may not have been said. */
  async say(texts: readonly string[]): Promise<boolean> {
    const client = this.#client
    if (!client) return false
    try {
      await this.#answered(client, { name: 'say', text: 'select pg_notify($1, said) from unnest($2::text[]) said', values: [this.#parts.channel, texts] })
      return true
    } catch (error) {
      this.#warn(error)
      // What the server does not take it would not take later.
      return !isLost(error)
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#kept
  }

  async #keep(): Promise<void> {
    const { signal } = this.#closing
    for (let tries = 0; !signal.aborted; tries++) {
      const openedMs = performance.now()
      await this.#hold().catch((error: unknown) => { this.#warn(error) })
      if (performance.now() - openedMs > soundAfterMs) tries = 0
      // Of many replicas that lost their server not all come back at once.
      await sleep(backoffMs(pauses, tries + 1), undefined, { signal, ref: false }).catch(() => undefined)
    }
  }

  /** Opens a connection, and rejects when it is lost; answers when it was closed. */
  async #hold(): Promise<void> {
    const { channel, open, heard, listening } = this.#parts
    const { signal } = this.#closing
    const client = open()
    const over = Promise.withResolvers<undefined>()
    over.promise.catch(() => undefined)
    const close = () => { over.resolve(undefined) }
    client.on('error', over.reject)
    client.on('end', () => { over.reject(new Error('the connection ended')) })
    client.on('notification', ({ payload }) => { heard(payload ?? '') })
    signal.addEventListener('abort', close, { once: true })
    let beat: NodeJS.Timeout | undefined
    try {
      await Promise.race([client.connect(), over.promise])
      await Promise.race([this.#answered(client, { text: `listen ${channel}` }), over.promise])
      if (signal.aborted) return
      this.#client = client
      listening()
      // What went away without a word is found out: a network in between forgets who says nothing.
      beat = setInterval(() => { this.#answered(client, { text: 'select 1' }).catch(over.reject) }, askAfterMs)
      beat.unref()
      await over.promise
    } finally {
      clearInterval(beat)
      this.#client = undefined
      signal.removeEventListener('abort', close)
      destroy(client)
    }
  }

  async #answered(client: pg.Client, query: pg.QueryConfig): Promise<void> {
    const timer = setTimeout(destroy, answerWithinMs, client)
    try {
      await client.query(query)
    } finally {
      clearTimeout(timer)
    }
  }

  #warn(err: unknown): void {
    if (performance.now() - this.#warnedMs < warnAgainAfterMs) return
    this.#warnedMs = performance.now()
    this.#parts.log.warn({ err }, 'wake-ups do not reach other replicas for now, which find their jobs by polling; the connection is opened again')
  }
}
