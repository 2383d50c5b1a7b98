import { createHash, randomBytes } from 'node:crypto'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Log } from '../../kernel/plugin.ts'
import { Signals, type SqlConnection } from '../../kernel/ports/sql/index.ts'
import { Listener } from './listener.ts'

type SqlSignals = SqlConnection['signals']

/** Between two notifications: a thousand enqueues a second wake nobody a thousand times. */
const betweenMs = 5
/** Channels that are told at once. */
const mostChannels = 1_000
const partingMs = 1_000

/**
 * Wake-ups by LISTEN and NOTIFY, among all who work on one schema of a database, over a connection of its own. This process
 * hears itself without it, at once.
 */
export class ServerSignals implements SqlSignals {
  readonly reach = 'server'
  readonly #here = new Signals()
  readonly #listener: Listener
  readonly #sender = randomBytes(6).toString('base64url')
  readonly #untold = new Set<string>()
  readonly #listening = Promise.withResolvers<undefined>()
  #telling: Promise<void> | undefined

  constructor(schema: string, open: () => pg.Client, log: Log) {
    // One channel for all that is said: a listener more costs the server nothing, and a queue more no round trip.
    const channel = `portico_${createHash('sha256').update(schema).digest('hex').slice(0, 16)}`
    this.#listener = new Listener({ channel, open, log, heard: (text) => { this.#hear(text) }, listening: () => { this.#catchUp() } })
  }

  send(channel: string): void {
    this.#here.send(channel)
    if (this.#untold.size >= mostChannels) return
    this.#untold.add(channel)
    this.#listener.start()
    this.#tell()
  }

  on(channel: string, listener: () => void): () => void {
    this.#listener.start()
    return this.#here.on(channel, listener)
  }

  async close(): Promise<void> {
    if (this.#untold.size > 0 || this.#telling) await this.#part()
    await this.#listener.close()
  }

  /** Whoever waits elsewhere is told of what was sent last, also when the connection was only about to open. */
  async #part(): Promise<void> {
    const patience = new AbortController()
    const told = this.#listening.promise.then(() => this.#telling)
    await Promise.race([told, sleep(partingMs, undefined, { signal: patience.signal }).catch(() => undefined)])
    patience.abort()
  }

  #hear(text: string): void {
    const end = text.indexOf(' ')
    if (text.slice(0, end) !== this.#sender) this.#here.send(text.slice(end + 1))
  }

  #catchUp(): void {
    this.#here.sendAll()
    this.#tell()
    this.#listening.resolve(undefined)
  }

  #tell(): void {
    if (this.#listener.listens) this.#telling ??= this.#tellAll()
  }

  /** Signals of one turn are told together, and those that are sent meanwhile after them. What cannot be told is kept until it can. */
  async #tellAll(): Promise<void> {
    await nextTurn()
    while (this.#untold.size > 0 && this.#listener.listens) {
      const channels = [...this.#untold]
      this.#untold.clear()
      const told = await this.#listener.say(channels.map((channel) => `${this.#sender} ${channel}`))
      if (!told) for (const channel of channels) this.#untold.add(channel)
      await sleep(betweenMs)
    }
    this.#telling = undefined
  }
}
