import { resolveName, type Call, type Clock, type Resolve, type SettingsOf } from '../../kernel/plugin.ts'
import { PartnerFailure, type IntegrationDriver, type PartnerAnswer, type PartnerRequest, type Sent } from '../../kernel/ports/integrations/index.ts'
import { Receiving, type Received } from '../../kernel/ports/received.ts'
import { answerOf } from './answer.ts'
import { firstHop, headersOf, type Hop } from './hop.ts'
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
  #underWay = 0

  constructor({ target, settings, protection, clock, resolve = resolveName }: HttpPartnerParts) {
    this.#target = target
    this.#settings = settings
    this.#protection = protection
    this.#clock = clock
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
    await this.#origins.pool(this.#target.origin)
    const remainingMs = call.remainingMs()
    const timeoutMs = Math.max(1, Math.min(this.#settings.timeoutMs, remainingMs - Math.min(marginMs, remainingMs / 10)))
    this.#underWay++
    try {
      return { answer: await this.#answer(await this.#encrypted(firstHop(http, idempotencyKey, this.#target)), timeoutMs, call.signal) }
    } finally {
      this.#underWay--
    }
  }

  async close(): Promise<void> {
    await this.#origins.close()
  }

  /** The answer of the last hop; all of them share one time. */
  async #answer(first: Hop, timeoutMs: number, signal: AbortSignal): Promise<PartnerAnswer> {
    const endMs = performance.now() + timeoutMs
    const { maxAnswerBytes, redirects } = this.#settings
    let hop = first
    for (let followed = 0; ; followed++) {
      const headers = this.#headers(hop)
      const received = await this.#receive(hop, headers, Math.max(1, endMs - performance.now()), signal)
      const answer = answerOf(received, { maxAnswerBytes, timeoutMs, isFirst: followed === 0 })
      if (redirects === 0 || !isRedirect(answer.status)) return uncover(answer, received, { method: hop.method, url: hop.url, headers }, this.#protection, this.#clock.now())

      const next = followed === redirects ? { refused: 'too many' } : nextHop(hop, answer.status, received.head?.headers['location'], this.#target)
      if ('refused' in next) throw new PartnerFailure({ why: 'unreadable', reached: true, reason: `is a redirect (${answer.status}) ${next.refused}` })
      hop = next
    }
  }

  async #encrypted(hop: Hop): Promise<Hop> {
    const { encrypt } = this.#protection
    return encrypt && hop.body !== undefined ? { ...hop, body: await encrypt(hop.body), contentType: 'application/jose' } : hop
  }

  /** Signed for the origin of baseUrl alone. */
  #headers(hop: Hop): Readonly<Record<string, string>> {
    const headers = headersOf(hop, this.#target, this.#protection.decryption !== undefined)
    if (hop.url.origin !== this.#target.origin || !this.#protection.sign) return headers
    return { ...headers, ...this.#protection.sign({ method: hop.method, url: hop.url, headers }, hop.body, this.#clock.now()) }
  }

  async #receive(hop: Hop, headers: Readonly<Record<string, string>>, timeoutMs: number, signal: AbortSignal): Promise<Received> {
    const { url, method, body } = hop
    const pool = await this.#origins.pool(url.origin)
    const receiving = new Receiving({ maxBytes: this.#settings.maxAnswerBytes, timeoutMs, signal })
    pool.dispatch({ method, path: `${url.pathname}${url.search}`, headers, ...(body !== undefined && { body }) }, receiving)
    return receiving.received
  }
}
