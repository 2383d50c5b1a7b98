import type { FastifyReply } from 'fastify'
import type { CallOptions } from '../call.ts'

/** The options of a call that came over HTTP; the signal is made only when somebody asks for it. */
export class HttpCall implements CallOptions {
  readonly traceId: string
  /** Stored JSON goes into the answer as it is. */
  readonly text = true
  readonly #reply: FastifyReply
  readonly #binding: string
  #controller: AbortController | undefined

  constructor(reply: FastifyReply, binding: string, traceId: string) {
    this.#reply = reply
    this.#binding = binding
    this.traceId = traceId
  }

  /** Aborts when the client goes away before it was answered. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      const controller = new AbortController()
      const { raw } = this.#reply
      this.#controller = controller
      if (raw.destroyed) controller.abort()
      else raw.once('close', () => { if (!raw.writableFinished) controller.abort() })
    }
    return this.#controller.signal
  }

  onDegraded(): void {
    this.#reply.header('portico-degraded', this.#binding)
  }

  /** Ends a call that waits on purpose, so that a shutdown need not wait for it. */
  abort(): void {
    if (!this.signal.aborted) this.#controller?.abort()
  }
}
