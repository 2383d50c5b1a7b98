import type { Dispatcher } from 'undici'
import { PrivateAddress } from './addresses.ts'

/** What the receiver said; a status is an answer however its body ended. */
export interface Answer {
  readonly status: number
  /** The whole body, when it came in time and within the bound, as UTF-8. */
  readonly json?: string
  readonly retryAfterMs?: number
}

/** Why there was no answer. */
export class NoAnswer extends Error {
  readonly code: 'QUEUE_PUSH_TIMEOUT' | 'QUEUE_PUSH_UNREACHABLE' | 'QUEUE_PUSH_LOST' | 'QUEUE_PUSH_PRIVATE_ADDRESS'

  constructor(code: NoAnswer['code'], message: string) {
    super(message)
    this.code = code
  }
}

export interface ExchangeLimits {
  readonly maxAnswerBytes: number
  /** From the connection to the end of the answer. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** One request and its answer, as undici tells of it. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly answer: Promise<Answer>
  readonly #limits: ExchangeLimits
  readonly #resolve: (answer: Answer) => void
  readonly #reject: (error: Error) => void
  readonly #timer: NodeJS.Timeout
  readonly #chunks: Buffer[] = []
  #bytes = 0
  #controller: Dispatcher.DispatchController | undefined
  #head: { readonly status: number; readonly isJson: boolean; readonly retryAfterMs?: number } | undefined
  #ended = false

  constructor(limits: ExchangeLimits) {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    this.answer = promise
    this.#limits = limits
    this.#resolve = resolve
    this.#reject = reject
    this.#timer = setTimeout(() => this.#cut(new NoAnswer('QUEUE_PUSH_TIMEOUT', `there was no answer in ${limits.timeoutMs} ms`)), limits.timeoutMs)
    if (limits.signal.aborted) this.#aborted()
    else limits.signal.addEventListener('abort', this.#aborted, { once: true })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#ended) return controller.abort(new Error('given up'))
    this.#controller = controller
  }

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (status < 200) return
    const retryAfterMs = readRetryAfter(textOf(headers['retry-after']))
    const small = !(Number(textOf(headers['content-length'])) > this.#limits.maxAnswerBytes)
    const isJson = small && /^application\/(?:[a-z0-9.+-]+\+)?json$/.test((textOf(headers['content-type']).split(';')[0] ?? '').trim().toLowerCase())
    this.#head = { status, isJson, ...(retryAfterMs !== undefined && { retryAfterMs }) }
    if (!small) this.#cut()
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    // What is no JSON is read all the same, up to the bound, so that the connection can be used again.
    this.#bytes += chunk.length
    if (this.#bytes > this.#limits.maxAnswerBytes) this.#cut()
    else if (this.#head?.isJson) this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    this.#settle(this.#chunks.length > 0 ? decode(Buffer.concat(this.#chunks)) : undefined)
  }

  onResponseError(_: Dispatcher.DispatchController | undefined, error: Error): void {
    if (this.#head) this.#settle(undefined)
    else if (!this.#end()) return
    else if (error instanceof PrivateAddress) this.#reject(new NoAnswer('QUEUE_PUSH_PRIVATE_ADDRESS', `${error.message}; write its address in the manifest, or say allowPrivate: true`))
    else if (this.#controller) this.#reject(new NoAnswer('QUEUE_PUSH_LOST', 'the connection was lost before there was an answer'))
    else this.#reject(new NoAnswer('QUEUE_PUSH_UNREACHABLE', reasonOf(error)))
  }

  readonly #aborted = () => this.#cut(new NoAnswer('QUEUE_PUSH_LOST', 'the request was given up'))

  /** Ends the connection: with the answer, when there is one as far as it matters. */
  #cut(otherwise?: Error): void {
    if (this.#head) this.#settle(undefined)
    else if (this.#end() && otherwise) this.#reject(otherwise)
    this.#controller?.abort(new Error('enough'))
  }

  #settle(json: string | undefined): void {
    const head = this.#head
    if (!head || !this.#end()) return
    const { status, retryAfterMs } = head
    this.#resolve({ status, ...(json !== undefined && { json }), ...(retryAfterMs !== undefined && { retryAfterMs }) })
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
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}

function decode(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Why no connection came about: the system's own short code, never an address. */
function reasonOf(error: Error & { readonly code?: unknown }): string {
  return typeof error.code === 'string' && /^[A-Z0-9_]{1,60}$/.test(error.code) ? `no connection (${error.code})` : 'no connection'
}
