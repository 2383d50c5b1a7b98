import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Log } from '../log.ts'
import type { ServerSpec } from '../manifest/types.ts'

/** How long a line may wait for others, and how many wait at most. */
const gatherMs = 10
const maxGathered = 256

export interface RequestLog {
  /** Takes the line of one request, when its answer is handed over. */
  add(request: FastifyRequest, status: number): void
  /** Writes what was gathered. */
  flush(): void
}

/**
 * One line a request. The route's pattern stands there and not the path: ids, cache keys and lease tokens are nobody's
 * business in a log. Headers and bodies never stand in one. Below the level a line is not even made. Lines are gathered for 10 ms and written in one go: one
 * written between two requests costs five times as much (docs/performance.md). A process that is killed loses them.
 */
export function requestLog(log: Log, level: ServerSpec['logLevel']): RequestLog {
  const leastStatus = level === 'error' ? Infinity : level === 'warn' ? 500 : 0
  const timeText = timeTexts()
  let gathered: Line[] = []
  let timer: NodeJS.Timeout | undefined

  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    const lines = gathered
    gathered = []
    for (const line of lines) {
      if (line.status >= 500) log.warn(line, 'request')
      else log.info(line, 'request')
    }
  }

  return {
    flush,
    add(request, status) {
      if (status < leastStatus) return
      gathered.push({
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
      })
      if (gathered.length >= maxGathered) flush()
      else timer ??= setTimeout(flush, gatherMs).unref()
    },
  }
}

interface Line {
  readonly requestId: string | undefined
  readonly traceId: string
  readonly binding: string | undefined
  readonly method: string
  readonly route: string | undefined
  readonly status: number
  readonly ms: number
  readonly code: string | undefined
  readonly time: string
}

/**
 * Logs every answer that goes through `reply.send`, and what is gathered when the server closes; an answer that
 * `writeText` writes is logged by who calls it. Not `onResponse`: its listeners on each response cost a GET a sixth of
 * its time.
 */
export function logSent(app: FastifyInstance, requests: RequestLog): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    requests.add(request, reply.statusCode)
    done(null, payload)
  })
  app.addHook('onClose', (_app, done) => {
    requests.flush()
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
