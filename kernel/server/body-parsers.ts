import type { FastifyInstance, FastifyRequest } from 'fastify'
import { httpError } from './errors.ts'
import { parseJsonBody } from './json-body.ts'

/** Bodies are JSON in UTF-8, plain and not encoded; an operation's own media types are checked where it is known. */
export function readJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<Buffer>(['application/json', 'application/merge-patch+json'], { parseAs: 'buffer' }, (request, body, done) => {
    request.bodyBytes = body.length
    try {
      refuseEncoding(request)
      refuseCharset(request)
      done(null, parseJsonBody(body))
    } catch (error) {
      done(error instanceof Error ? error : new Error('unreadable body'), undefined)
    }
  })
}

function refuseEncoding(request: FastifyRequest): void {
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') throw httpError('HTTP_MEDIA_TYPE_UNSUPPORTED', { expected: 'sent without Content-Encoding' })
}

function refuseCharset(request: FastifyRequest): void {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(request.headers['content-type'] ?? '')?.[1]
  if (charset !== undefined && !/^utf-?8$/i.test(charset)) throw httpError('HTTP_MEDIA_TYPE_UNSUPPORTED', { expected: 'encoded in UTF-8' })
}

/** Bodies are bytes of any media type, for who must see what was sent before it is read. */
export function readBytesOnly(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser<Buffer>('*', { parseAs: 'buffer' }, (request, body, done) => {
    request.bodyBytes = body.length
    try {
      refuseEncoding(request)
      done(null, body)
    } catch (error) {
      done(error instanceof Error ? error : new Error('unreadable body'), undefined)
    }
  })
}
