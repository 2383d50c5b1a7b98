import type { Dispatcher } from 'undici'
import { forgetAbort, whenAborted, type Abortable } from '../call.ts'

export interface ReceiveBounds {
  readonly maxBytes: number
  /** From the connection to the end of the answer. */
  readonly timeoutMs: number
  /** Who waits for it, as long as they do. */
  readonly call: Abortable
}

export interface AnswerHead {
  readonly status: number
  /** In lower case, without parameters; empty when none was told. */
  readonly mediaType: string
  /** As `Retry-After` asks for, a day at most. */
  readonly retryAfterMs?: number
  /** By lower-case name; several of one name are a list. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** What came of a request: a whole answer, or why there is none, of which the head may have come all the same. */
export type Received =
  | { readonly ended: 'whole'; readonly head: AnswerHead; readonly text: string; readonly bytes: Buffer }
  | {
    readonly ended: 'tooLarge' | 'notUtf8' | 'timeout' | 'givenUp' | 'lost' | 'unreachable'
    readonly head?: AnswerHead
    /** The request was written, or may have been. */
    readonly reached: boolean
    readonly cause?: Error
  }

const maxRetryAfterMs = 86_400_000

/**
 * One request and its answer, bounded in size and time, as undici tells of it. It knows whether the request was written: undici
 * calls `onRequestStart` on an open connection right before the first byte, and never when it was given up before.
 */
export class Receiving implements Dispatcher.DispatchHandler {
  /** Never rejects. */
  readonly received: Promise<Received>
  readonly #bounds: ReceiveBounds
  readonly #resolve: (received: Received) => void
  readonly #timer: NodeJS.Timeout
  readonly #chunks: Buffer[] = []
  #bytes = 0
  #controller: Dispatcher.DispatchController | undefined
  #head: AnswerHead | undefined
  #ended = false

  constructor(bounds: ReceiveBounds) {
    const { promise, resolve } = Promise.withResolvers<Received>()
    this.received = promise
    this.#bounds = bounds
    this.#resolve = resolve
    // A whole number: Node keeps one list for all timers of a length.
    this.#timer = setTimeout(timedOut, Math.ceil(bounds.timeoutMs), this)
    whenAborted(bounds.call, this.#aborted)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Given up while it waited for a connection: aborted here, it is never written.
    if (this.#ended) return controller.abort(new Error('given up'))
    this.#controller = controller
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (status < 200) return
    const retryAfterMs = readRetryAfter(headers['retry-after'])
    const mediaType = mediaTypeOf(textOf(headers['content-type']))
    this.#head = retryAfterMs === undefined ? { status, mediaType, headers } : { status, mediaType, headers, retryAfterMs }
    if (Number(textOf(headers['content-length'])) > this.#bounds.maxBytes) this.#cut('tooLarge')
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > this.#bounds.maxBytes) this.#cut('tooLarge')
    else if (!this.#ended) this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    const head = this.#head
    if (!head) return this.#cut('lost')
    const [first] = this.#chunks
    // Most answers come in one piece, which nobody else writes to.
    const bytes = first && this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks)
    const text = decode(bytes)
    this.#end(text === undefined ? { ended: 'notUtf8', reached: true, head } : { ended: 'whole', head, text, bytes })
  }

  onResponseError(_: Dispatcher.DispatchController | undefined, cause: Error): void {
    this.#cut(this.#controller ? 'lost' : 'unreachable', cause)
  }

  timedOut(): void {
    this.#cut('timeout')
  }

  readonly #aborted = () => this.#cut('givenUp')

  /** The answer is not whole, and the connection is not used again. */
  #cut(ended: Exclude<Received['ended'], 'whole'>, cause?: Error): void {
    this.#end({ ended, reached: this.#controller !== undefined, ...(this.#head && { head: this.#head }), ...(cause && { cause }) })
    this.#controller?.abort(new Error('enough'))
  }

  #end(received: Received): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#timer)
    forgetAbort(this.#bounds.call, this.#aborted)
    this.#chunks.length = 0
    this.#resolve(received)
  }
}

/** Why no connection came about: the system's own short code, never an address. */
export function noConnection(cause: (Error & { readonly code?: unknown }) | undefined): string {
  return typeof cause?.code === 'string' && /^[A-Z0-9_]{1,60}$/.test(cause.code) ? `no connection (${cause.code})` : 'no connection'
}

function textOf(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header[0] : header) ?? ''
}

function timedOut(receiving: Receiving): void {
  receiving.timedOut()
}

function mediaTypeOf(text: string): string {
  return text === 'application/json' ? text : (text.split(';')[0] ?? '').trim().toLowerCase()
}

/** `Retry-After` as seconds or as a date. */
function readRetryAfter(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined
  const text = textOf(header)
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now()
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), maxRetryAfterMs) : undefined
}

/** It keeps nothing from one text to the next. */
const utf8 = new TextDecoder('utf-8', { fatal: true })

function decode(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}
