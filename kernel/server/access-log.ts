import type { FastifyInstance } from 'fastify'
import type { Log } from '../log.ts'

/**
 * One line a request, when it was answered. The route's pattern stands there and not the path: ids, cache keys and
 * lease tokens are nobody's business in a log. Headers and bodies never stand in one.
 */
export function logRequests(app: FastifyInstance, log: Log): void {
  const timeText = timeTexts()
  app.addHook('onResponse', (request, reply, done) => {
    const fields = {
      // The trace id serves as request id where the caller gave none.
      requestId: request.id === request.traceId ? undefined : request.id,
      traceId: request.traceId,
      binding: request.binding,
      method: request.method,
      route: request.routeOptions.url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 1_000) / 1_000,
      code: request.problemCode,
      // As text: a Date in the record takes JSON.stringify off its fast path, which doubles the cost of a line.
      time: timeText(),
    }
    if (reply.statusCode >= 500) log.warn(fields, 'request')
    else log.info(fields, 'request')
    done()
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
