import type { Pool } from 'undici'
import { resolveName, type Call, type Clock, type Resolve, type SettingsOf } from '../../kernel/plugin.ts'
import { PartnerFailure, type IntegrationDriver, type PartnerAnswer, type PartnerRequest, type Sent } from '../../kernel/ports/integrations/index.ts'
import { Receiving, type Received, type ReceiveBounds } from '../../kernel/ports/received.ts'
import { answerOf } from './answer.ts'
import { firstHop, headersFor, urlOf, type Headers, type Hop } from './hop.ts'
import { Origins } from './origins.ts'
import { uncover, type Protection } from './protection.ts'
import { isRedirect, nextHop } from './redirect.ts'
import type { settings as declared } from './settings.ts'
import type { Target } from './target.ts'
import { readTls } from './tls.ts'

export interface HttpPartnerParts {
  readonly target: Target
  readonly settings: HttpSettings
  readonly protection: Protection
  readonly clock: Clock
  readonly resolve?: Resolve
}

type HttpSettings = SettingsOf<typeof declared>

/** What is left of the call's time for the way back to its caller. */
const marginMs = 50
/** Requests that wait for a connection: beyond it nobody will get an answer in time. */
const maxWaiting = 10_000

/** Calls a partner at one origin, and at those that its redirects may lead to: nothing in a request can name another host. */
export class HttpPartner implements IntegrationDriver {
  readonly #target: Target
  readonly #settings: HttpSettings
  readonly #protection: Protection
  readonly #clock: Clock
  readonly #origins: Origins
  readonly #headersOf: (hop: Hop) => Headers
  #underWay = 0

  constructor({ target, settings, protection, clock, resolve = resolveName }: HttpPartnerParts) {
    this.#target = target
    this.#settings = settings
    this.#protection = protection
    this.#clock = clock
    this.#headersOf = headersFor(target, protection.decryption !== undefined)
    this.#origins = new Origins({
      own: target.origin, connections: settings.maxConnections, connectTimeoutMs: settings.timeoutMs,
      tls: readTls(settings.tls), allowsPrivate: target.allowsPrivate, resolve,
    })
  }

  async send({ operation, http, idempotencyKey }: PartnerRequest, call: Call): Promise<Sent> {
    // The manifest check asks each operation of this driver for the form of HTTP.
    if (!http) throw new TypeError(`${operation} has no method and path`)
    if (this.#underWay >= maxWaiting) throw new PartnerFailure({ why: 'unreachable', reached: false, reason: `${maxWaiting} calls are under way already` })

    // Before the time is counted: loading undici is not the partner's delay.
    if (!this.#origins.known(this.#target.origin)) await this.#origins.pool(this.#target.origin)
    const remainingMs = call.remainingMs()
    const timeoutMs = Math.max(1, Math.min(this.#settings.timeoutMs, remainingMs - Math.min(marginMs, remainingMs / 10)))
    this.#underWay++
    try {
      const first = firstHop(http, idempotencyKey, this.#target)
      return { answer: await this.#answer(this.#protection.encrypt ? await this.#encrypted(first) : first, timeoutMs, call) }
    } finally {
      this.#underWay--
    }
  }

  /** The status that a path below baseUrl answers by GET. @throws PartnerFailure when there is no answer. */
  async look(path: string, timeoutMs: number, signal: AbortSignal): Promise<number> {
    const { status } = await this.#answer(firstHop({ method: 'GET', path }, undefined, this.#target), timeoutMs, { signal })
    return status
  }

  async close(): Promise<void> {
    await this.#origins.close()
  }

  /** The answer of the last hop; all of them share one time. */
  async #answer(first: Hop, timeoutMs: number, call: ReceiveBounds['call']): Promise<PartnerAnswer> {
    const { maxAnswerBytes, redirects } = this.#settings
    const startedMs = redirects === 0 ? 0 : performance.now()
    let hop = first
    for (let followed = 0; ; followed++) {
      const headers = this.#headers(hop)
      const leftMs = followed === 0 ? timeoutMs : Math.max(1, startedMs + timeoutMs - performance.now())
      const received = await this.#receive(hop, headers, leftMs, call)
      const answer = answerOf(received, { maxAnswerBytes, timeoutMs, isFirst: followed === 0 })
      if (redirects === 0 || !isRedirect(answer.status)) return this.#uncovered(answer, received, hop, headers)

      const next = followed === redirects ? { refused: 'too many' } : nextHop(hop, answer.status, received.head?.headers['location'], this.#target)
      if ('refused' in next) throw new PartnerFailure({ why: 'unreadable', reached: true, reason: `is a redirect (${answer.status}) ${next.refused}` })
      hop = next
    }
  }

  #uncovered(answer: PartnerAnswer, received: Received, hop: Hop, headers: Headers): PartnerAnswer | Promise<PartnerAnswer> {
    if (!this.#protection.judge && !this.#protection.decryption) return answer
    return uncover(answer, received, { method: hop.method, url: urlOf(hop), headers }, this.#protection, this.#clock.now())
  }

  async #encrypted(hop: Hop): Promise<Hop> {
    const { encrypt } = this.#protection
    return encrypt && hop.body !== undefined ? { ...hop, body: await encrypt(hop.body), contentType: 'application/jose' } : hop
  }

  /** Signed for the origin of baseUrl alone. */
  #headers(hop: Hop): Headers {
    const headers = this.#headersOf(hop)
    const { sign } = this.#protection
    if (!sign || hop.origin !== this.#target.origin) return headers
    return { ...headers, ...sign({ method: hop.method, url: urlOf(hop), headers }, hop.body, this.#clock.now()) }
  }

  #receive(hop: Hop, headers: Headers, timeoutMs: number, call: ReceiveBounds['call']): Promise<Received> {
    const pool = this.#origins.known(hop.origin)
    return pool ? this.#sent(pool, hop, headers, timeoutMs, call) : this.#origins.pool(hop.origin).then((opened) => this.#sent(opened, hop, headers, timeoutMs, call))
  }

  #sent(pool: Pool, { path, method, body }: Hop, headers: Headers, timeoutMs: number, call: ReceiveBounds['call']): Promise<Received> {
    const receiving = new Receiving({ maxBytes: this.#settings.maxAnswerBytes, timeoutMs, call })
    pool.dispatch(body === undefined ? { method, path, headers } : { method, path, headers, body }, receiving)
    return receiving.received
  }
}
