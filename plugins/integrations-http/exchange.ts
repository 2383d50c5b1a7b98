import type { Dispatcher } from 'undici'
import { PartnerFailure, type NoAnswer, type PartnerAnswer } from '../../kernel/ports/integrations/index.ts'

export interface Limits {
  readonly maxAnswerBytes: number
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** The longest wait that a partner can ask for. */
const maxRetryAfterMs = 86_400_000

/**
 * One request and its answer, as undici tells of it. It knows whether the request was written: undici calls
 * `onRequestStart` on an open connection right before the first byte, and never when it was given up before.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<PartnerAnswer>
  readonly #limits: Limits
  readonly #resolve: (answer: PartnerAnswer) => void
  readonly #reject: (error: PartnerFailure) => void
  readonly #timer: NodeJS.Timeout
  readonly #chunks: Buffer[] = []
  #bytes = 0
  #controller: Dispatcher.DispatchController | undefined
  #head: Omit<PartnerAnswer, 'text'> | undefined
  #ended = false

  constructor(limits: Limits) {
    const { promise, resolve, reject } = Promise.withResolvers<PartnerAnswer>()
    this.answer = promise
    this.#limits = limits
    this.#resolve = resolve
    this.#reject = reject
    this.#timer = setTimeout(() => this.#giveUp('timeout', `there was no whole answer in ${Math.round(limits.timeoutMs)} ms`), limits.timeoutMs)
    if (limits.signal.aborted) this.#aborted()
    else limits.signal.addEventListener('abort', this.#aborted, { once: true })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Given up while it waited for a connection: aborted here, it is never written.
    if (this.#ended) return controller.abort(new Error('given up'))
    this.#controller = controller
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (status < 200) return
    const retryAfterMs = readRetryAfter(textOf(headers['retry-after']))
    const mediaType = (textOf(headers['content-type']).split(';')[0] ?? '').trim().toLowerCase()
    this.#head = { status, mediaType, ...(retryAfterMs !== undefined && { retryAfterMs }) }
    if (Number(textOf(headers['content-length'])) > this.#limits.maxAnswerBytes) this.#tooLarge()
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > this.#limits.maxAnswerBytes) this.#tooLarge()
    else if (!this.#ended) this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    if (!this.#head) return this.#giveUp('unreadable', 'has no status')
    const text = decode(Buffer.concat(this.#chunks))
    if (text === undefined) return this.#giveUp('unreadable', 'is not UTF-8')
    this.#settle({ ...this.#head, text })
  }

  onResponseError(_: Dispatcher.DispatchController | undefined, error: Error): void {
    if (this.#controller) this.#giveUp('lost', 'the connection was lost before the answer was whole', error)
    else this.#giveUp('unreachable', reasonOf(error), error)
  }

  readonly #aborted = () => this.#giveUp('timeout', 'the call was given up')

  #tooLarge(): void {
    // A failure counts by its status, however much is said about it.
    if (this.#head && this.#head.status >= 400) {
      this.#settle({ ...this.#head, text: '' })
      this.#controller?.abort(new Error('enough'))
      return
    }
    this.#giveUp('unreadable', `is larger than ${this.#limits.maxAnswerBytes} bytes`)
  }

  #settle(answer: PartnerAnswer): void {
    if (this.#end()) this.#resolve(answer)
  }

  #giveUp(why: NoAnswer['why'], reason: string, cause?: Error): void {
    if (!this.#end()) return
    this.#reject(new PartnerFailure({ why, reached: this.#controller !== undefined, reason }, cause))
    this.#chunks.length = 0
    this.#controller?.abort(new Error('given up'))
  }

  #end(): boolean {
    if (this.#ended) return false
    this.#ended = true
    clearTimeout(this.#timer)
    this.#limits.signal.removeEventListener('abort', this.#aborted)
    return true
  }
}

function textOf(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header[0] : header) ?? ''
}

/** `Retry-After` as seconds or as a date. */
function readRetryAfter(text: string): number | undefined {
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now()
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), maxRetryAfterMs) : undefined
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Why no connection came about: the system's own short code, never an address. */
function reasonOf(error: Error & { code?: unknown }): string {
  return typeof error.code === 'string' && /^[A-Z0-9_]{1,60}$/.test(error.code) ? `no connection (${error.code})` : 'no connection'
}
