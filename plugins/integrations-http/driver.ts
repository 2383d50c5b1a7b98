import { Pool } from 'undici'
import type { Call, SettingsOf } from '../../kernel/plugin.ts'
import { PartnerFailure, type IntegrationDriver, type PartnerRequest, type Sent } from '../../kernel/ports/integrations/index.ts'
import { Exchange } from './exchange.ts'
import type { settings as declared } from './settings.ts'
import type { Target } from './target.ts'

type HttpSettings = SettingsOf<typeof declared>

/** What is left of the call's time for the way back to its caller. */
const marginMs = 50
/** Requests that wait for a connection: beyond it nobody will get an answer in time. */
const maxWaiting = 10_000

/** Calls a partner over one pool to one origin: nothing in a request can name another host. */
export class HttpPartner implements IntegrationDriver {
  readonly #pool: Pool
  readonly #target: Target
  readonly #settings: HttpSettings
  #open = 0

  constructor(target: Target, settings: HttpSettings) {
    this.#target = target
    this.#settings = settings
    this.#pool = new Pool(target.origin, {
      connections: settings.maxConnections,
      pipelining: 1,
      connect: { timeout: settings.timeoutMs },
      maxHeaderSize: 16_384,
      // The exchange has one time limit for the whole call.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }

  async send(request: PartnerRequest, call: Call): Promise<Sent> {
    if (this.#open >= maxWaiting) throw new PartnerFailure({ why: 'unreachable', reached: false, reason: `${maxWaiting} calls are under way already` })

    const remainingMs = call.remainingMs()
    const timeoutMs = Math.max(1, Math.min(this.#settings.timeoutMs, remainingMs - Math.min(marginMs, remainingMs / 10)))
    const exchange = new Exchange({ maxAnswerBytes: this.#settings.maxAnswerBytes, timeoutMs, signal: call.signal })
    this.#open++
    try {
      this.#pool.dispatch(this.#options(request), exchange)
      return { answer: await exchange.answer }
    } finally {
      this.#open--
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
  }

  #options({ method, path, body }: PartnerRequest) {
    const { basePath, headers } = this.#target
    const base = { method, path: `${basePath}${path}`, headers }
    return body === undefined ? base : { ...base, body, headers: { ...headers, 'content-type': 'application/json' } }
  }
}
