import { randomFillSync } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const wellFormedId = /^[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}$/
const wellFormedParent = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/

/** Random bytes are drawn for 256 ids at a time: one draw for each would cost a request 1 µs. */
const pool = Buffer.alloc(4_096)
let used = pool.length

/** A trace id as W3C Trace Context has it: 32 lower-case hex digits. */
export function makeTraceId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  return pool.toString('hex', used, (used += 16))
}

/** The caller's trace id when its `traceparent` is well-formed, else a new one. */
export function traceIdOf(request: IncomingMessage): string {
  const parent = request.headers.traceparent
  return (typeof parent === 'string' && parent.length <= 512 && wellFormedParent.exec(parent)?.[1]) || makeTraceId()
}

/** The caller's `X-Request-Id` when it is well-formed; undefined otherwise, and the trace id serves. */
export function requestIdOf(request: IncomingMessage): string | undefined {
  const id = request.headers['x-request-id']
  return typeof id === 'string' && wellFormedId.test(id) ? id : undefined
}
