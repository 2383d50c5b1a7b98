import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Log } from '../log.ts'

/**
 * Writes the line of one request, when its answer is handed over. The route's pattern stands there and not the path: ids,
 * cache keys and lease tokens are nobody's business in a log. Headers and bodies never stand in one.
 */
export type LogRequest = (request: FastifyRequest, status: number) => void

export function requestLog(log: Log): LogRequest {
  const timeText = timeTexts()
  return (request, status) => {
    const fields = {
      // The trace id serves as request id where the caller gave none.
      requestId: request.id === request.traceId ? undefined : request.id,
      traceId: request.traceId,
      binding: request.binding,
      method: request.method,
      route: request.routeOptions.url,
      status,
      ms: Math.round((performance.now() - request.startedMs) * 1_000) / 1_000,
      code: request.problemCode,
      // As text: a Date in the record takes JSON.stringify off its fast path, which doubles the cost of a line.
      time: timeText(),
    }
    if (status >= 500) log.warn(fields, 'request')
    else log.info(fields, 'request')
  }
}

/**
 * Logs every answer that goes through `reply.send`; one that `writeText` writes is logged by who calls it. Not
 * `onResponse`, whose listeners on each response cost a GET a sixth of its time.
 */
export function logSent(app: FastifyInstance, logRequest: LogRequest): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    logRequest(request, reply.statusCode)
    done(null, payload)
  })
}

/** The time as RFC 3339, made once for each millisecond. */
function timeTexts(): () => string {
  let atMs = 0
  let text = ''
  return () => {
    const nowMs = Date.now()
    if (nowMs !== atMs) text = new Date((atMs = nowMs)).toISOString()
    return text
  }
}
