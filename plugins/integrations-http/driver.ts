import type { Pool } from 'undici'
import type { Call, SettingsOf } from '../../kernel/plugin.ts'
import { PartnerFailure, type HttpRequest, type IntegrationDriver, type PartnerRequest, type Sent } from '../../kernel/ports/integrations/index.ts'
import { Receiving } from '../../kernel/ports/received.ts'
import { answerOf } from './answer.ts'
import type { settings as declared } from './settings.ts'
import type { Target } from './target.ts'

type HttpSettings = SettingsOf<typeof declared>

/** What is left of the call's time for the way back to its caller. */
const marginMs = 50
/** Requests that wait for a connection: beyond it nobody will get an answer in time. */
const maxWaiting = 10_000

/** Calls a partner over one pool to one origin: nothing in a request can name another host. */
export class HttpPartner implements IntegrationDriver {
  #pool: Promise<Pool> | undefined
  readonly #target: Target
  readonly #settings: HttpSettings
  #underWay = 0

  constructor(target: Target, settings: HttpSettings) {
    this.#target = target
    this.#settings = settings
  }

  async send({ operation, http, idempotencyKey }: PartnerRequest, call: Call): Promise<Sent> {
    // The manifest check asks each operation of this driver for the form of HTTP.
    if (!http) throw new TypeError(`${operation} has no method and path`)
    if (this.#underWay >= maxWaiting) throw new PartnerFailure({ why: 'unreachable', reached: false, reason: `${maxWaiting} calls are under way already` })

    // Before the time is counted: loading undici is not the partner's delay.
    const pool = await (this.#pool ??= this.#open())
    const remainingMs = call.remainingMs()
    const timeoutMs = Math.max(1, Math.min(this.#settings.timeoutMs, remainingMs - Math.min(marginMs, remainingMs / 10)))
    const { maxAnswerBytes } = this.#settings
    const receiving = new Receiving({ maxBytes: maxAnswerBytes, timeoutMs, signal: call.signal })
    this.#underWay++
    try {
      pool.dispatch(this.#options(http, idempotencyKey), receiving)
      return { answer: answerOf(await receiving.received, { maxAnswerBytes, timeoutMs }) }
    } finally {
      this.#underWay--
    }
  }

  async close(): Promise<void> {
    await (await this.#pool)?.destroy()
  }

  /** undici is loaded with the first call: a server that never makes one starts without it. */
  async #open(): Promise<Pool> {
    const { Pool } = await import('undici')
    return new Pool(this.#target.origin, {
      connections: this.#settings.maxConnections,
      pipelining: 1,
      connect: { timeout: this.#settings.timeoutMs },
      maxHeaderSize: 16_384,
      // `Receiving` has one time limit for the whole call.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }

  #options({ method, path, body }: HttpRequest, idempotencyKey: string | undefined) {
    const { basePath, idempotencyHeader } = this.#target
    const headers = {
      ...this.#target.headers,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(idempotencyKey !== undefined && { [idempotencyHeader]: idempotencyKey }),
    }
    return { method, path: `${basePath}${path}`, headers, ...(body !== undefined && { body }) }
  }
}
