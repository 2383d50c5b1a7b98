import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Log } from '../log.ts'
import type { RouteTable } from './allowed.ts'
import type { RequestLog } from './access-log.ts'
import type { HttpCall } from './http-call.ts'
import { problemType, retryAfter, toPorticoError, toProblem } from './problem.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller's W3C trace id, or one made for this request. */
    traceId: string
    /** How many bytes of body arrived. */
    bodyBytes: number
    /** The code of the problem that answered it. */
    problemCode: string | undefined
    /** When it arrived, as `performance.now()` counts. */
    startedMs: number
    /** The name of the binding that it reached. */
    binding: string | undefined
  }
}

/** What every part of one server shares. */
export interface ServerContext {
  readonly log: Log
  readonly requests: RequestLog
  /** True from the moment a shutdown began. */
  draining: boolean
  /** Set while the server listens on loopback: requests of foreign pages are refused then. */
  guarded: boolean
  /** Calls that wait on purpose (long polling); a shutdown ends them. */
  readonly waiting: Set<HttpCall>
  /** Every route's methods, for `Allow`. */
  readonly routes: RouteTable
  /** The ports that have routes, by name. */
  readonly ports: ReadonlySet<string>
  /** Below these an extension answers for itself, also for what it does not have. */
  readonly extensionPrefixes: readonly string[]
}

/** Answers with a problem. A 5xx is logged with its cause, and shows nothing of it. */
export function sendProblem(context: ServerContext, request: FastifyRequest, reply: FastifyReply, cause: unknown): void {
  const error = toPorticoError(cause, `${request.method} ${request.routeOptions.url ?? 'unknown route'}`)
  request.problemCode = error.code
  if (error.code === 'KERNEL_BUG' && error.cause !== undefined) {
    context.log.error({ err: error.cause, requestId: request.id, traceId: request.traceId }, 'unexpected error')
  }

  if (context.draining) reply.header('connection', 'close')
  const after = retryAfter(error)
  if (after !== undefined) reply.header('retry-after', after)
  reply.code(error.status).header('content-type', problemType).header('cache-control', 'no-store')
  reply.send(JSON.stringify(toProblem(error, { requestId: request.id, traceId: request.traceId })))
}
