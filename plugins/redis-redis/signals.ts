import type { Log } from '../../kernel/plugin.ts'
import type { RedisSignals } from '../../kernel/ports/redis/index.ts'
import type { Client, Settings } from './client.ts'
import { Link } from './link.ts'

type Listener = (text: string | undefined) => void

export interface SignalParts {
  readonly connection: string
  readonly settings: Settings
  readonly log: Log
  readonly make: () => Client
  readonly publish: (channel: string, text: string) => Promise<unknown>
}

/** Messages go out on the connection of the calls, and come in on one of their own, which opens when someone listens. */
export class Signals implements RedisSignals {
  readonly #parts: SignalParts
  readonly #link: Link
  readonly #listeners = new Map<string, Set<Listener>>()
  /** Channels with a wake-up under way; true where another was asked for meanwhile. */
  readonly #waking = new Map<string, boolean>()
  /** Channels that the latest connection is subscribed to. */
  readonly #heard = new Set<string>()
  /** The latest connection, from before it greets. */
  #latest: Client | undefined
  #asking: NodeJS.Timeout | undefined

  constructor(parts: SignalParts) {
    this.#parts = parts
    this.#link = new Link({ ...parts, greet: (client) => this.#greet(client) })
  }

  send(channel: string, text?: string): void {
    if (text !== undefined) return void this.#parts.publish(channel, text).catch(() => undefined)
    if (this.#waking.has(channel)) this.#waking.set(channel, true)
    else void this.#wake(channel)
  }

  on(channel: string, listener: Listener): () => void {
    // Each `on` has its own end, also when one listener is given twice.
    const entry: Listener = (text) => listener(text)
    const listeners = this.#listeners.get(channel) ?? new Set()
    listeners.add(entry)
    if (listeners.size === 1) this.#begin(channel, listeners)
    else if (this.#link.client && this.#heard.has(channel)) queueMicrotask(() => { if (listeners.has(entry)) entry(undefined) })
    return () => {
      if (!listeners.delete(entry) || listeners.size > 0 || this.#listeners.get(channel) !== listeners) return
      this.#listeners.delete(channel)
      this.#heard.delete(channel)
      void this.#link.client?.unsubscribe(channel).catch(() => undefined)
    }
  }

  close(): void {
    clearInterval(this.#asking)
    this.#link.close()
  }

  /** While one is under way, all that come are one more. */
  async #wake(channel: string): Promise<void> {
    this.#waking.set(channel, false)
    // The SDK sends what was asked for in one turn together: this one waits for the others of its turn.
    await Promise.resolve()
    await this.#parts.publish(channel, '').catch(() => undefined)
    if (this.#waking.get(channel)) void this.#wake(channel)
    else this.#waking.delete(channel)
  }

  #begin(channel: string, listeners: Set<Listener>): void {
    this.#listeners.set(channel, listeners)
    this.#link.openSurely()
    // Whatever comes of it on one that is broken: the next subscribes to all.
    if (this.#latest) void this.#subscribe(this.#latest, channel).catch(() => undefined)
    // Nothing else would show that this connection is dead.
    this.#asking ??= setInterval(() => this.#link.send(['PING'], ignore, ignore), this.#parts.settings.stallTimeoutMs / 2).unref()
  }

  async #greet(client: Client): Promise<void> {
    this.#latest = client
    this.#heard.clear()
    await Promise.all([...this.#listeners.keys()].map((channel) => this.#subscribe(client, channel)))
  }

  async #subscribe(client: Client, channel: string): Promise<void> {
    await client.subscribe(channel, (text) => tell(this.#listeners.get(channel) ?? [], text))
    const listeners = this.#listeners.get(channel)
    if (!listeners || client !== this.#latest) return
    this.#heard.add(channel)
    tell(listeners, undefined)
  }
}

const ignore = () => undefined

function tell(listeners: Iterable<Listener>, text: string | undefined): void {
  for (const listener of [...listeners]) listener(text)
}
