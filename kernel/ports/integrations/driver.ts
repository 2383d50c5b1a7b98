import type { Call } from '../../call.ts'
import type { Json } from '../../json.ts'
import type { Backlog } from './backlog.ts'
import type { Look } from './look.ts'
import type { MailAddress } from './mail-address.ts'
import type { RealPartner } from './real.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** A call as it goes to the partner, checked. */
export interface PartnerRequest {
  readonly operation: string
  readonly input: Json
  /** Tells a repeat from a new call: the caller's, or the call's own where the operation declares that its partner takes one. */
  readonly idempotencyKey?: string
  /** Present when the operation has the form of HTTP. */
  readonly http?: HttpRequest
  /** Present when the operation has the form of a mail. */
  readonly mail?: MailRequest
}

/** A call in the form of HTTP, with everything filled in. */
export interface HttpRequest {
  readonly method: Method
  /** Below the partner's base: starts with `/`, percent-encoded, without dot segments, query included. */
  readonly path: string
  /** By lower-case name. */
  readonly headers?: Readonly<Record<string, string>>
  /** JSON text; absent for GET and DELETE. */
  readonly body?: string
}

/** A mail with everything filled in and judged: no field holds more than what it is for. */
export interface MailRequest {
  /** The driver's own sender unless given. */
  readonly from?: MailAddress
  readonly to: readonly MailAddress[]
  readonly cc: readonly MailAddress[]
  readonly bcc: readonly MailAddress[]
  readonly replyTo?: MailAddress
  /** One line. */
  readonly subject: string
  readonly text?: string
  readonly html?: string
}

/** What a partner answered over HTTP, unread. */
export interface PartnerAnswer {
  readonly status: number
  /** The `Content-Type` without parameters, in lower case; empty when there is none. */
  readonly mediaType: string
  readonly text: string
  /** From `Retry-After`. */
  readonly retryAfterMs?: number
}

/** An answer over HTTP, which the port reads; an output that the driver made; or nothing but that the call is kept. */
export type Sent = { readonly answer: PartnerAnswer } | { readonly output: Json } | { readonly accepted: true }

/** Why there is no answer; `reached` false: the partner surely never saw the call. */
export interface NoAnswer {
  readonly why: 'unreachable' | 'timeout' | 'lost' | 'unreadable'
  readonly reached: boolean
  /** Words for a person, without secrets; the cause stays in the log. */
  readonly reason: string
}

/** How a driver says that a call has no answer; the port turns it into the error that the operation calls for. */
export class PartnerFailure extends Error {
  readonly no: NoAnswer

  constructor(no: NoAnswer, cause?: unknown) {
    super(no.reason, cause === undefined ? undefined : { cause })
    this.no = no
  }
}

/** The driver interface of the port `integrations`. */
export interface IntegrationDriver {
  /**
   * Makes the call, or keeps it durably for later (`accepted`). Any HTTP status is an answer.
   * It ends before `call.remainingMs()` does, so that the caller learns what is known.
   * @throws PartnerFailure when there is no answer.
   * @throws INTEGRATION_PARTNER_REFUSED, INTEGRATION_PARTNER_FAILED from a driver whose partner refuses, or surely did nothing, in words of another protocol.
   * @throws INTEGRATION_OUTBOX_FULL, INTEGRATION_OUTBOX_FAILED from a driver that keeps calls.
   */
  send(request: PartnerRequest, call: Call): Promise<Sent>
  /** Told once to a driver that is a fallback, before calls come: the partner that it stands in for. */
  behind?(real: RealPartner): void
  /**
   * Told once, before calls come, when the binding is started to be used: who only asks how everything is starts nothing that
   * goes on by itself.
   */
  start?(): void | Promise<void>
  /** Of a driver that looks at its partner beside the calls: how the last look went; undefined before the first one. */
  lastLook?(): Look | undefined
  /** Of a driver that keeps calls and hands them over: whether some are waiting, or it is not known that none is. */
  holds?(): boolean
  /** Of a driver that keeps calls: what it has not handed over. */
  backlog?(): Backlog
}
