import { isPorticoError, type Call, type Clock, type Log } from '../../kernel/plugin.ts'
import { PartnerFailure, type IntegrationDriver, type Look, type PartnerRequest, type Sent } from '../../kernel/ports/integrations/index.ts'

export interface ProbeParts {
  /** Asks the partner once, and answers the status. @throws PartnerFailure when there is no answer. */
  readonly ask: (timeoutMs: number, signal: AbortSignal) => Promise<number>
  readonly everyMs: number
  readonly timeoutMs: number
  /** Every 2xx unless set. */
  readonly expect: number | undefined
  readonly clock: Clock
  readonly log: Log
  /** From 0 up to 1, as `Math.random`. */
  readonly random?: () => number
}

/** Looks at a partner from time to time, one look after the other, so that it is known how it is although nobody calls it. */
export class Probe {
  readonly #parts: ProbeParts
  readonly #random: () => number
  readonly #closing = new AbortController()
  #last: Look | undefined
  #started = false
  #cancel: (() => void) | undefined

  constructor(parts: ProbeParts) {
    this.#parts = parts
    this.#random = parts.random ?? Math.random
  }

  get last(): Look | undefined {
    return this.#last
  }

  get isStarted(): boolean {
    return this.#started
  }

  /** The first look comes soon; replicas that start together do not come together. */
  start(): void {
    this.#started = true
    this.#next(this.#random() * Math.min(1_000, this.#parts.everyMs / 10))
  }

  async look(timeoutMs = this.#parts.timeoutMs): Promise<void> {
    const code = await this.#ask(Math.min(timeoutMs, this.#parts.timeoutMs))
    if (this.#closing.signal.aborted) return
    if (code !== this.#last?.code) this.#tell(code)
    this.#last = { at: this.#parts.clock.now(), ...(code !== undefined && { code }) }
  }

  close(): void {
    this.#closing.abort()
    this.#cancel?.()
  }

  /** A tenth more or less than `everyMs`, from the end of one look to the next. */
  #next(delayMs: number): void {
    if (this.#closing.signal.aborted) return
    this.#cancel = this.#parts.clock.after(delayMs, () => {
      void this.look().then(() => this.#next(this.#parts.everyMs * (0.9 + 0.2 * this.#random())))
    })
  }

  /** Why the partner is not well; by the status alone, for nothing is known of what a probe's answer looks like. */
  async #ask(timeoutMs: number): Promise<string | undefined> {
    const { ask, expect } = this.#parts
    try {
      const status = await ask(timeoutMs, this.#closing.signal)
      if (expect === undefined ? status >= 200 && status < 300 : status === expect) return undefined
      return status >= 500 || status === 429 ? 'INTEGRATION_PARTNER_FAILED' : 'INTEGRATION_BAD_ANSWER'
    } catch (error) {
      return error instanceof PartnerFailure ? codes[error.no.why] : isPorticoError(error) ? error.code : 'KERNEL_BUG'
    }
  }

  #tell(code: string | undefined): void {
    if (code !== undefined) this.#parts.log.warn({ code }, 'the partner does not answer its probe as it should')
    else if (this.#last) this.#parts.log.info({}, 'the partner answers its probe again')
  }
}

const codes = {
  unreachable: 'INTEGRATION_UNREACHABLE', timeout: 'INTEGRATION_TIMEOUT', lost: 'INTEGRATION_PARTNER_FAILED', unreadable: 'INTEGRATION_BAD_ANSWER',
} as const

/** A driver whose partner is looked at. A look that fails degrades the binding, and keeps no call away from it. */
export class ProbedPartner implements IntegrationDriver {
  readonly #partner: IntegrationDriver
  readonly #probe: Probe

  constructor(partner: IntegrationDriver, probe: Probe) {
    this.#partner = partner
    this.#probe = probe
  }

  send(request: PartnerRequest, call: Call): Promise<Sent> {
    return this.#partner.send(request, call)
  }

  start(): void {
    this.#probe.start()
  }

  lastLook(): Look | undefined {
    return this.#probe.last
  }

  /** Who starts nothing, and only asks how everything is, has a look of its own. */
  async health(call: Call): Promise<void> {
    if (!this.#probe.isStarted) await this.#probe.look(call.remainingMs() * 0.9)
  }

  ailment(): string | undefined {
    const code = this.#probe.last?.code
    return code === undefined ? undefined : `the partner's probe: ${code}`
  }
}
