import type { ChannelModel } from 'amqplib'
import { type Backoff, backoffMs, type Call, type Log } from '../../kernel/plugin.ts'
import { databaseError } from '../../kernel/ports/amqp/index.ts'
import { pause, within } from './calls.ts'
import { DeadlinePassed } from './faults.ts'
import { closeModel, openModel, type Settings } from './open.ts'
import { isHopeless, remedy } from './remedies.ts'

export interface LinkParts {
  /** The connection's name, for errors. */
  readonly connection: string
  readonly purpose: 'publishing' | 'taking'
  readonly settings: Settings
  readonly log: Log
  /** Makes what every new connection needs, before anybody uses it. */
  readonly prepare: (model: ChannelModel) => Promise<void>
}

const pauses: Backoff = { initialMs: 100, maxMs: 5_000 }

/**
 * One connection to the broker, made anew whenever it is lost, after a random wait that grows (full jitter), so that the clients of a
 * broker that restarts do not all come at once.
 */
export class Link {
  readonly #parts: LinkParts
  readonly #closing = new AbortController()
  #model: ChannelModel | undefined
  /** Answers when there is a connection again. */
  #coming = Promise.withResolvers<ChannelModel>()
  #blocked: string | undefined

  constructor(parts: LinkParts) {
    this.#parts = parts
    this.#coming.promise.catch(() => undefined)
  }

  /** Why the broker takes no messages now: it is short of memory or disk. */
  get blocked(): string | undefined {
    return this.#blocked
  }

  /** The first connection. @throws DATABASE_FAILED with the remedy, when none was made within `withinMs`. */
  async open(withinMs: number, signal: AbortSignal): Promise<void> {
    const { connection, log } = this.#parts
    const untilMs = performance.now() + withinMs
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#connect()
      } catch (error) {
        const pauseMs = backoffMs(pauses, attempt + 1)
        if (isHopeless(error) || signal.aborted || performance.now() + pauseMs >= untilMs) throw databaseError(connection, 'failed', remedy(connection, error), error)
        log.warn({ attempt }, `${connection} does not answer yet; trying again`)
        await pause(pauseMs, signal)
      }
    }
  }

  /** The connection, waited for while it is made anew. @throws DATABASE_UNAVAILABLE */
  async ready(call: Call): Promise<ChannelModel> {
    if (this.#model) return this.#model
    try {
      return await within(call, this.#coming.promise, this.#parts.settings.acquireTimeoutMs)
    } catch (error) {
      const reason = error instanceof DeadlinePassed ? 'it is not connected' : 'it is closed'
      throw databaseError(this.#parts.connection, 'unavailable', reason, error)
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    const model = this.#model
    this.#model = undefined
    this.#coming.reject(new Error('the connection is closed'))
    if (model) await closeModel(model)
  }

  async #connect(): Promise<void> {
    const model = await openModel(this.#parts.settings, this.#parts.purpose)
    let lost = false
    // Without a listener an `error` ends the process; a `close` follows it always.
    model.on('error', (error) => this.#parts.log.debug({ err: error }, 'the broker ended a connection'))
    model.on('handler-error', (error) => this.#parts.log.error({ err: error }, 'a listener of the connection failed'))
    model.on('blocked', (reason) => {
      this.#blocked = reason
      this.#parts.log.warn({ reason }, 'the broker is short of memory or disk and takes no messages')
    })
    model.on('unblocked', () => {
      this.#blocked = undefined
      this.#parts.log.info({}, 'the broker takes messages again')
    })
    model.on('close', () => {
      lost = true
      if (this.#model === model) this.#lost()
    })
    try {
      await this.#parts.prepare(model)
    } catch (error) {
      await closeModel(model)
      throw error
    }
    if (lost) throw new Error('the connection was lost while it was being prepared')
    if (this.#closing.signal.aborted) return closeModel(model)
    this.#blocked = undefined
    this.#model = model
    this.#coming.resolve(model)
  }

  #lost(): void {
    this.#model = undefined
    this.#blocked = undefined
    this.#coming = Promise.withResolvers()
    this.#coming.promise.catch(() => undefined)
    if (!this.#closing.signal.aborted) void this.#recover()
  }

  async #recover(): Promise<void> {
    const { log, connection } = this.#parts
    const { signal } = this.#closing
    log.warn({}, `${connection} was lost; it is made anew`)
    for (let attempt = 0; !signal.aborted; attempt++) {
      await pause(backoffMs(pauses, attempt + 1), signal)
      if (signal.aborted) return
      try {
        await this.#connect()
        log.info({ attempts: attempt + 1 }, `${connection} is connected again`)
        return
      } catch (error) {
        log[attempt % 20 === 0 ? 'warn' : 'debug']({ err: error, attempt }, `${connection} cannot be made anew yet`)
      }
    }
  }
}
