import type { Pool } from 'undici'
import { judgedLookup, type Resolve } from '../../addresses.ts'
import { Receiving } from '../../ports/received.ts'
import { answerOf, type Answer } from './answer.ts'

export interface PosterParts {
  readonly url: URL
  readonly connections: number
  readonly timeoutMs: number
  readonly maxAnswerBytes: number
  readonly allowPrivate: boolean
  readonly resolve: Resolve
}

/** Sends to one URL over a pool of its own: nothing in a job or in an answer can name another host. */
export class Poster {
  readonly #parts: PosterParts
  #pool: Promise<Pool> | undefined

  constructor(parts: PosterParts) {
    this.#parts = parts
  }

  /** Any status is an answer; a redirect is not followed. @throws NoAnswer */
  async post(body: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Answer> {
    const { url, timeoutMs, maxAnswerBytes } = this.#parts
    // Before the time is counted: loading undici is not the receiver's delay.
    const pool = await (this.#pool ??= this.#open())
    const receiving = new Receiving({ maxBytes: maxAnswerBytes, timeoutMs, call: { signal } })
    pool.dispatch({ method: 'POST', path: `${url.pathname}${url.search}`, headers, body }, receiving)
    return answerOf(await receiving.received, timeoutMs)
  }

  async close(): Promise<void> {
    await (await this.#pool)?.destroy()
  }

  /** undici is loaded with the first job. */
  async #open(): Promise<Pool> {
    const { Pool } = await import('undici')
    const { url, connections, timeoutMs, allowPrivate, resolve } = this.#parts
    // `localhost` is as good as an address: it is written there, and means this machine.
    const lookup = judgedLookup(resolve, () => allowPrivate || url.hostname === 'localhost')
    return new Pool(url.origin, {
      connections,
      pipelining: 1,
      connect: { timeout: timeoutMs, lookup },
      maxHeaderSize: 16_384,
      // `Receiving` has one time limit for the whole delivery.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }
}
