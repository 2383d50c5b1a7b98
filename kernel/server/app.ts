import { METHODS } from 'node:http'
import { fastify, LogController, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { kernelError } from '../errors.ts'
import { readJsonOnly } from './body-parsers.ts'
import { sendProblem, type ServerContext } from './context.ts'
import { httpError } from './errors.ts'
import { fromFramework, maxParamLength } from './framework-errors.ts'
import { refuseForeign } from './loopback.ts'
import { compilersOnDemand } from './compilers.ts'
import { answerExpectations, answerParserError, maxHeaderBytes } from './socket-errors.ts'
import { requestIdOf, traceIdOf } from './trace.ts'

const maxConnections = 10_000

/** Fastify without the defaults that would break a promise: no coercion, no text bodies, no error but a problem. */
export function makeApp(context: ServerContext): FastifyInstance {
  const app = fastify({
    logger: false,
    schemaController: { compilersFactory: compilersOnDemand },
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => '',
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    // How long a request may take to arrive, an idle connection may stay, and a stalled reader is waited for.
    http: { maxHeaderSize: maxHeaderBytes, headersTimeout: 10_000, connectionsCheckingInterval: 5_000, requireHostHeader: false },
    requestTimeout: 60_000,
    keepAliveTimeout: 72_000,
    connectionTimeout: 120_000,
    routerOptions: { maxParamLength },
    clientErrorHandler: answerParserError,
    frameworkErrors: (error, request, reply) => {
      identify(request, reply)
      sendProblem(context, request, reply, fromFramework(error, request))
      // No hook runs for a request that no route was looked up for.
      context.requests.add(request, reply.statusCode)
    },
  })
  app.server.maxConnections = maxConnections
  answerExpectations(app.server)

  // A method that Fastify does not know would be answered past every hook and handler.
  for (const method of METHODS) if (!app.supportedMethods.includes(method) && method !== 'CONNECT') app.addHttpMethod(method, { hasBody: true })

  app.decorateRequest('traceId', '')
  app.decorateRequest('bodyBytes', 0)
  app.decorateRequest('problemCode', undefined)
  app.decorateRequest('startedMs', 0)
  app.decorateRequest('binding', undefined)
  readJsonOnly(app)

  context.routes.watch(app)
  const notFound = (request: FastifyRequest, reply: FastifyReply) => answerNotFound(context, request, reply)
  app.setErrorHandler((error, request, reply) => sendProblem(context, request, reply, fromFramework(error, request)))
  app.setNotFoundHandler(notFound)

  app.addHook('onRequest', (request, reply, done) => {
    identify(request, reply)
    if (context.draining) reply.header('connection', 'close')

    const { headers } = request.raw
    const hosts = countHosts(request.raw.rawHeaders)
    if (hosts > 1 || (hosts === 0 && request.raw.httpVersion === '1.1')) {
      sendProblem(context, request, reply, httpError('HTTP_REQUEST_MALFORMED', { reason: hosts === 0 ? 'the Host header is missing' : 'there is more than one Host header' }))
      return
    }
    const refusal = context.guarded ? refuseForeign(headers) : undefined
    if (refusal) {
      sendProblem(context, request, reply, refusal)
      return
    }
    // Before the body is read: a route that does not exist has no media types to refuse.
    if (request.is404 && !context.extensionPrefixes.some((prefix) => request.url.startsWith(prefix))) {
      notFound(request, reply)
      return
    }
    done()
  })
  return app
}

/** Node keeps the first of several, a proxy before it may have looked at the last. */
function countHosts(rawHeaders: readonly string[]): number {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string
    if (name.length === 4 && name.toLowerCase() === 'host') count++
  }
  return count
}

function identify(request: FastifyRequest, reply: FastifyReply): void {
  request.startedMs = performance.now()
  request.traceId = traceIdOf(request.raw)
  request.id = requestIdOf(request.raw) ?? request.traceId
  reply.header('x-request-id', request.id)
}

const bindingName = /^\/v1\/([a-z][a-z0-9_-]{0,39}(?:\.[a-z][a-z0-9_-]{0,39})?)(?:\/|$)/

function answerNotFound(context: ServerContext, request: FastifyRequest, reply: FastifyReply): void {
  const { method, url } = request.raw
  const path = (url ?? '').split('?', 1)[0] ?? ''
  const allow = path === '*' ? ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] : context.routes.allow(path)
  if (allow.length > 0) {
    reply.header('allow', allow.join(', '))
    if (method === 'OPTIONS') reply.code(204).send()
    else sendProblem(context, request, reply, httpError('HTTP_METHOD_NOT_ALLOWED', { method: request.method, allow: allow.join(', ') }))
    return
  }

  const binding = bindingName.exec(path)?.[1]
  const unknownPort = binding !== undefined && !context.ports.has(binding.split('.', 1)[0] ?? '')
  sendProblem(context, request, reply, unknownPort
    ? kernelError('BINDING_NOT_FOUND', { binding, remedy: `add \`${binding}: { … }\` under \`ports:\`` })
    : httpError('HTTP_ROUTE_NOT_FOUND', { method: request.method }))
}
