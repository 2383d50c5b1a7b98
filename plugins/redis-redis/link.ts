import { setTimeout as sleep } from 'node:timers/promises'
import { ClientOfflineError, ConnectionTimeoutError, SocketTimeoutError } from '@redis/client'
import { type Backoff, backoffMs, type Log } from '../../kernel/plugin.ts'
import type { RedisReply } from '../../kernel/ports/redis/index.ts'
import type { Client, Settings } from './client.ts'

const pauses: Backoff = { initialMs: 50, maxMs: 2_000 }

export interface LinkParts {
  readonly connection: string
  readonly settings: Pick<Settings, 'connectTimeoutMs' | 'stallTimeoutMs'>
  readonly log: Log
  readonly make: () => Client
  /** Runs on each new connection, before others use it. */
  readonly greet?: (client: Client) => Promise<void>
}

/**
 * One connection that is opened anew whenever it breaks, with jitter between attempts. What was sent on a broken one is refused, and so
 * is what comes while there is none. One that says nothing for `stallTimeout` while it was asked something is taken for broken.
 */
export class Link {
  readonly #parts: LinkParts
  #client: Client | undefined
  #opening: Promise<void> | undefined
  #closed = false
  #pending = 0
  #heardMs = 0
  #watch: NodeJS.Timeout | undefined
  /** Why the last attempt failed. */
  fault: unknown

  constructor(parts: LinkParts) {
    this.#parts = parts
  }

  /** What was sent and is not answered. */
  get pending(): number {
    return this.#pending
  }

  get client(): Client | undefined {
    return this.#client
  }

  /** Opens it once. @throws what the SDK says. */
  async open(): Promise<Client> {
    const client = await this.#connect()
    this.#use(client)
    return client
  }

  /** Opens it, for as long as that takes. */
  openSurely(): void {
    if (this.#closed || this.#client) return
    this.#opening ??= this.#reopen().finally(() => { this.#opening = undefined })
  }

  /** Tells the answer, or what the SDK says. */
  send(words: readonly string[], answered: (reply: RedisReply) => void, failed: (error: unknown) => void): void {
    const client = this.#client
    if (!client) return failed(new ClientOfflineError())
    if (this.#pending++ === 0) this.#listen()
    // Texts, numbers, null and lists of them: the SDK maps nothing else in what the port's commands answer.
    client.sendCommand<RedisReply>(words).then((reply) => {
      this.#heard()
      answered(reply)
    }, (error: unknown) => {
      this.#heard()
      failed(error)
    })
  }

  /** Lets go of this connection, if it is still the one in use, and opens another. */
  reset(): void {
    this.#drop(this.#client)
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#watch)
    this.#drop(this.#client)
  }

  #heard(): void {
    this.#pending--
    this.#heardMs = performance.now()
  }

  async #reopen(): Promise<void> {
    const { connection, log } = this.#parts
    for (let attempt = 0; !this.#closed; attempt++) {
      try {
        this.#use(await this.#connect())
        if (attempt > 0) log.info({ connection }, 'the connection to Redis is back')
        return
      } catch (error) {
        this.fault = error
        if (attempt === 0) log.warn({ connection, err: error }, 'the connection to Redis is lost; connecting again')
        await sleep(backoffMs(pauses, attempt + 1), undefined, { ref: false })
      }
    }
  }

  async #connect(): Promise<Client> {
    const { make, greet, settings } = this.#parts
    const client = make()
    let late = false
    // Told by the call that fails; an event that nobody hears would end the process.
    client.on('error', (error: unknown) => {
      this.fault = error
      this.#drop(client)
    })
    // The SDK's own limit ends with the socket: a server that takes the connection and says nothing would be waited for without end.
    const timer = setTimeout(() => {
      late = true
      client.destroy()
    }, settings.connectTimeoutMs)
    try {
      await client.connect()
      await greet?.(client)
    } catch (error) {
      client.destroy()
      throw late ? new ConnectionTimeoutError() : error
    } finally {
      clearTimeout(timer)
    }
    return client
  }

  #use(client: Client): void {
    if (this.#closed || !client.isReady) {
      client.destroy()
      if (!this.#closed) throw new ClientOfflineError()
      return
    }
    this.#client = client
    this.fault = undefined
  }

  #drop(client: Client | undefined): void {
    if (!client || client !== this.#client) return
    this.#client = undefined
    client.destroy()
    this.openSurely()
  }

  #listen(): void {
    this.#heardMs = performance.now()
    this.#watch ??= setInterval(() => this.#look(), this.#parts.settings.stallTimeoutMs / 4).unref()
  }

  #look(): void {
    if (this.#pending === 0) {
      clearInterval(this.#watch)
      this.#watch = undefined
      return
    }
    const client = this.#client
    if (!this.#isStalled()) return
    // An answer that this process was too busy to read is read first.
    setImmediate(() => setImmediate(() => {
      if (client !== this.#client || !this.#isStalled()) return
      this.fault = new SocketTimeoutError(this.#parts.settings.stallTimeoutMs)
      this.#drop(client)
    }))
  }

  #isStalled(): boolean {
    return this.#pending > 0 && performance.now() - this.#heardMs >= this.#parts.settings.stallTimeoutMs
  }
}
