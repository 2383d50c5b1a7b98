import { STATUS_CODES, type Server } from 'node:http'
import type { Socket } from 'node:net'
import type { PorticoError } from '../errors.ts'
import { httpError } from './errors.ts'
import { problemType, toProblem } from './problem.ts'
import { makeTraceId } from './trace.ts'

/** Headers with their request line, in bytes. */
export const maxHeaderBytes = 16 * 1024

/** A client that still sends after its answer gets this long to read it. */
const lingerMs = 1_000

interface ParserError extends Error {
  readonly code?: string
  /** What was being parsed; Fastify's types describe its JSON form. */
  readonly rawPacket?: unknown
}

/** Answers what Node's parser refuses, before there is a request: as a problem, like everything else. */
export function answerParserError(error: ParserError, socket: Socket): void {
  if (socket.writableEnded || socket.destroyed) return
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }

  socket.end(rawProblem(toHttpError(error)))
  // What still arrives is thrown away for a while: to close at once would reset the connection under the answer.
  setTimeout(() => socket.destroy(), lingerMs).unref()
  socket.on('error', () => socket.destroy())
}

/** Answers `Expect` headers other than 100-continue as a problem. */
export function answerExpectations(server: Server): void {
  server.on('checkExpectation', (_request, response) => {
    const error = httpError('HTTP_EXPECTATION_FAILED', {})
    const { body, id } = problemText(error)
    response.writeHead(error.status, { 'content-type': problemType, 'x-request-id': id, connection: 'close' }).end(body)
  })
}

function toHttpError(error: ParserError): PorticoError {
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    return isLongUrl(error.rawPacket) ? httpError('HTTP_URL_TOO_LONG', { max: `${maxHeaderBytes} bytes` }) : httpError('HTTP_HEADERS_TOO_LARGE', { maxBytes: maxHeaderBytes })
  }
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return httpError('HTTP_REQUEST_TIMEOUT', {})
  return httpError('HTTP_REQUEST_MALFORMED', { reason: 'the request is not valid HTTP/1.1' })
}

/** Whether the request line alone is beyond the limit; a header that is so begins after its line's end. */
function isLongUrl(packet: unknown): boolean {
  if (!Buffer.isBuffer(packet)) return false
  const lineEnd = packet.indexOf('\r\n')
  return lineEnd === -1 ? /^[A-Z]+ \S+$/.test(packet.toString('latin1', 0, 1_024)) : lineEnd > maxHeaderBytes / 2
}

function rawProblem(error: PorticoError): string {
  const { body, id } = problemText(error)
  return [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}`,
    `Content-Type: ${problemType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${id}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n')
}

function problemText(error: PorticoError) {
  const id = makeTraceId()
  return { id, body: JSON.stringify(toProblem(error, { requestId: id, traceId: id })) }
}
