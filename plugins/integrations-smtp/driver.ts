import { randomUUID } from 'node:crypto'
import type { Call, Clock } from '../../kernel/plugin.ts'
import { integrationError, PartnerFailure, type IntegrationDriver, type Look, type PartnerRequest, type Sent } from '../../kernel/ports/integrations/index.ts'
import { composeMessage, messageId, type Message } from './message.ts'
import { Places } from './places.ts'
import type { Relay, SmtpSettings } from './relay.ts'
import { notOpened, notTaken } from './replies.ts'
import { Session } from './session.ts'

export interface SmtpRelayParts {
  readonly relay: Relay
  readonly settings: Pick<SmtpSettings, 'timeoutMs' | 'maxMessageBytes' | 'maxConnections' | 'probeEveryMs'>
  readonly binding: string
  readonly clock: Clock
}

/** What is left of the call's time for the way back to its caller. */
const marginMs = 50

/** Hands mails to a relay, each over a connection of its own. */
export class SmtpRelay implements IntegrationDriver {
  readonly #parts: SmtpRelayParts
  readonly #places: Places
  readonly #closing = new AbortController()
  /** How the last look at the relay went. */
  #seen: (Look & { readonly reason?: string }) | undefined

  constructor(parts: SmtpRelayParts) {
    this.#parts = parts
    this.#places = new Places(parts.settings.maxConnections)
  }

  async send({ operation, mail, idempotencyKey }: PartnerRequest, call: Call): Promise<Sent> {
    // The manifest check asks each operation of this driver for the form of a mail.
    if (!mail) throw new TypeError(`${operation} has no mail`)
    const { binding, clock, relay, settings: { maxMessageBytes } } = this.#parts
    const at = { binding, operation }
    const from = mail.from ?? relay.from
    const id = messageId(binding, operation, idempotencyKey ?? call.callId ?? randomUUID(), from.address)
    const message = await composeMessage(mail, from, id, clock.now())
    if (message.bytes.length > maxMessageBytes) throw integrationError('INTEGRATION_INPUT_INVALID', at, { errors: [{ path: '/input', message: `makes a mail of more than ${maxMessageBytes} bytes` }] })

    const { accepted, rejected } = await this.#inSession(call, (session) => this.#deliver(session, message, at))
    this.#seen = { at: clock.now() }
    return { output: { messageId: id, accepted: [...accepted], rejected: rejected.map(({ address, status }) => ({ address, status })) } }
  }

  /** Connects and logs in, unless it is known how that goes. */
  async health(call: Call): Promise<void> {
    const { clock, settings } = this.#parts
    const now = clock.now()
    if (this.#seen && now - this.#seen.at < settings.probeEveryMs) return
    try {
      await this.#inSession(call, () => Promise.resolve())
      this.#seen = { at: now }
    } catch (cause) {
      this.#seen = { at: now, code: 'INTEGRATION_UNREACHABLE', reason: cause instanceof PartnerFailure ? cause.no.reason : 'the relay cannot be asked' }
    }
  }

  lastLook(): Look | undefined {
    return this.#seen && { at: this.#seen.at, ...(this.#seen.code !== undefined && { code: this.#seen.code }) }
  }

  /** A relay that is away keeps mails away from nobody else: its binding is degraded. */
  ailment(): string | undefined {
    return this.#seen?.code === undefined ? undefined : `the relay: ${this.#seen.reason ?? this.#seen.code}`
  }

  close(): void {
    this.#closing.abort()
  }

  async #deliver(session: Session, message: Message, at: { readonly binding: string; readonly operation: string }) {
    try {
      return await session.deliver(message)
    } catch (cause) {
      throw notTaken(cause, session.mayBeTaken, at)
    }
  }

  /** @throws PartnerFailure when no connection can be had, and what `work` throws. */
  async #inSession<T>(call: Call, work: (session: Session) => Promise<T>): Promise<T> {
    const remainingMs = call.remainingMs()
    const timeoutMs = Math.max(1, Math.min(this.#parts.settings.timeoutMs, remainingMs - Math.min(marginMs, remainingMs / 10)))
    const signal = AbortSignal.any([call.signal, this.#closing.signal, AbortSignal.timeout(Math.ceil(timeoutMs))])
    await this.#places.take(signal).catch((cause: unknown) => {
      throw cause instanceof PartnerFailure ? cause : notOpened(cause)
    })
    const session = new Session(this.#parts.relay, signal)
    try {
      await session.open().catch((cause: unknown) => {
        this.#seen = undefined
        throw notOpened(cause)
      })
      const done = await work(session)
      void session.leave().catch(() => session.close()).then(() => this.#places.giveBack())
      return done
    } catch (error) {
      session.close()
      this.#places.giveBack()
      throw error
    }
  }
}
