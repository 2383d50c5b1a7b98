import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Binding } from '../binding/binding.ts'
import { isPorticoError, kernelError } from '../errors.ts'
import type { AnyPort } from '../ports/definition.ts'
import { answerWriter } from './answer.ts'
import { readBytesOnly } from './body-parsers.ts'
import { sendProblem, type ServerContext } from './context.ts'
import { httpError } from './errors.ts'
import { HttpCall } from './http-call.ts'
import { inputReader, type HttpOperation } from './input.ts'
import { placesOf } from './input-paths.ts'

/** The parameter that takes a named binding's own name; no input field can be called so. */
const bindingParam = '__binding'

const defaultMaxBodyBytes = 1024 * 1024

/** An operation with what its requests are read and its answers written by. */
interface Served {
  readonly name: string
  readonly operation: HttpOperation
  readonly read: ReturnType<typeof inputReader>
  readonly answer: ReturnType<typeof answerWriter>
  readonly places: ReturnType<typeof placesOf>
  readonly mediaTypes: readonly string[]
  readonly maxBodyBytes: number
}

/**
 * The routes of one port, for its binding and all its named ones: `/v1/cache/…` and `/v1/cache.:name/…`. The binding is
 * looked up at each request, so that a thousand bindings cost no more routes than one, and a reload touches none.
 */
export function addPortRoutes(app: FastifyInstance, port: AnyPort, bindings: ReadonlyMap<string, Binding>, context: ServerContext): void {
  for (const served of groupByRoute(port)) {
    const { http } = served[0].operation
    const handler = portHandler(port, served, bindings, context)
    const bodyLimit = Math.max(...served.map((one) => one.maxBodyBytes))
    for (const base of [`/v1/${port.name}`, `/v1/${port.name}.:${bindingParam}`]) {
      const route = { method: http.method, url: base + http.path, bodyLimit, handler }
      if (http.raw === undefined) app.route(route)
      // How bodies are parsed is a matter of a scope, not of a route.
      else void app.register(async (scope) => { readBytesOnly(scope); scope.route(route) })
    }
  }
}

/** True for an operation that has a route. */
export function isHttp(operation: AnyPort['operations'][string]): operation is HttpOperation {
  return operation.http !== undefined
}

function groupByRoute(port: AnyPort): readonly (readonly [Served, ...Served[]])[] {
  const groups = new Map<string, [Served, ...Served[]]>()
  for (const [name, operation] of Object.entries(port.operations)) {
    if (!isHttp(operation)) continue
    const served: Served = {
      name,
      operation,
      read: inputReader(operation, `${port.name}.${name}`),
      answer: answerWriter(port, operation),
      places: placesOf(operation),
      mediaTypes: operation.http.mediaTypes ?? ['application/json'],
      maxBodyBytes: operation.http.maxBodyBytes ?? defaultMaxBodyBytes,
    }
    const route = `${operation.http.method} ${operation.http.path}`
    const group = groups.get(route)
    if (group) group.push(served)
    else groups.set(route, [served])
  }
  return [...groups.values()]
}

function portHandler(port: AnyPort, served: readonly [Served, ...Served[]], bindings: ReadonlyMap<string, Binding>, context: ServerContext) {
  return (request: FastifyRequest, reply: FastifyReply): void => {
    // Every route's path parameters are strings: Fastify's router knows no other.
    const params = request.params as Readonly<Record<string, string>>
    const own = params[bindingParam]
    const name = own === undefined ? port.name : `${port.name}.${own}`
    const fail = (error: unknown) => sendProblem(context, request, reply, drained(error, context))

    const binding = bindings.get(name)
    if (!binding?.expose) return fail(noBinding(name, binding))
    request.binding = name

    try {
      const { name: operationName, operation, read, answer, places } = choose(served, request)
      const input = read({ params, url: request.raw.url ?? '', method: request.method, headers: request.headers, body: request.body })
      const call = new HttpCall(reply, name, request.traceId)
      const run = binding.operations[operationName]
      if (!run) return fail(kernelError('BINDING_UNAVAILABLE', { binding: name }))

      const waits = operation.waits !== undefined
      if (waits && context.draining) return fail(kernelError('KERNEL_DRAINING', {}))
      if (waits) context.waiting.add(call)
      run(input, call).then(
        (output) => {
          if (waits) context.waiting.delete(call)
          if (context.draining) reply.header('connection', 'close')
          try { context.requests.add(request, answer(request, reply, name, input, output)) } catch (error) { fail(error) }
        },
        (error: unknown) => {
          if (waits) context.waiting.delete(call)
          fail(places(error))
        },
      )
    } catch (error) {
      fail(otherMethod(context, request, reply, params) ?? error)
    }
  }
}

/** `GET …/_find` met the route of `:id`: the action is there, for another method. */
function otherMethod(context: ServerContext, request: FastifyRequest, reply: FastifyReply, params: Readonly<Record<string, string>>) {
  if (!Object.values(params).some((name) => name.startsWith('_'))) return undefined
  const methods = context.routes.allow((request.raw.url ?? '').split('?', 1)[0] ?? '')
  // `%5fname`, which is no action's own spelling, is a bad name.
  if (methods.length === 0 || methods.includes(request.method)) return undefined
  const allow = methods.join(', ')
  reply.header('allow', allow)
  return httpError('HTTP_METHOD_NOT_ALLOWED', { method: request.method, allow })
}

/** The operation that is meant, when the body fits it. */
function choose(served: readonly [Served, ...Served[]], request: FastifyRequest): Served {
  const { body } = request
  const has = (field: string) => typeof body === 'object' && body !== null && Object.hasOwn(body, field)
  const chosen =
    served.length === 1
      ? served[0]
      : (served.find(({ operation }) => operation.http.whenBodyHas !== undefined && has(operation.http.whenBodyHas)) ??
        served.find(({ operation }) => operation.http.whenBodyHas === undefined) ??
        served[0])

  if (body !== undefined) {
    if (request.bodyBytes > chosen.maxBodyBytes) throw httpError('HTTP_BODY_TOO_LARGE', { maxBytes: chosen.maxBodyBytes })
    if (chosen.operation.http.raw === undefined && !chosen.mediaTypes.includes(mediaTypeOf(request))) throw httpError('HTTP_MEDIA_TYPE_UNSUPPORTED', { expected: chosen.mediaTypes.join(' or ') })
  }
  return chosen
}

function mediaTypeOf(request: FastifyRequest): string {
  const type = request.headers['content-type'] ?? ''
  const end = type.indexOf(';')
  return (end === -1 ? type : type.slice(0, end)).trim().toLowerCase()
}

function noBinding(name: string, binding: Binding | undefined) {
  const remedy = binding ? `remove \`expose: false\` from ports.${name} to serve it` : `add \`${name}: { … }\` under \`ports:\``
  return kernelError('BINDING_NOT_FOUND', { binding: name, remedy })
}

/** A long poll that a shutdown ended: the same request may be sent again, to another server or later. */
function drained(error: unknown, context: ServerContext): unknown {
  return context.draining && isPorticoError(error) && error.code === 'CALL_ABORTED' ? kernelError('KERNEL_DRAINING', {}) : error
}
