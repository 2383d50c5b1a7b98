import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Binding, BindingHealth } from '../binding/binding.ts'
import type { Clock } from '../clock.ts'
import { kernelError } from '../errors.ts'
import type { About } from './about.ts'
import { sendProblem, type ServerContext } from './context.ts'
import { httpError, invalid } from './errors.ts'
import { parseQuery } from './query.ts'

export interface KernelRoutesParts {
  readonly about: About
  readonly bindings: ReadonlyMap<string, Binding>
  /** True, or false or a reason when requests should go elsewhere. */
  readonly ready: () => boolean | string
  /** Prometheus text. */
  readonly metrics: () => string | Promise<string>
  /** What works on queues in this process. */
  readonly workers?: () => readonly object[]
  readonly clock: Clock
}

/** Whoever polls more often is told the same again: a health check may cost a round trip to each backend. */
const healthKeptMs = 1_000

/** The kernel's own routes: probes, metrics, its description, and what documents them all. */
export function addKernelRoutes(app: FastifyInstance, parts: KernelRoutesParts, context: ServerContext): void {
  const { bindings } = parts

  app.get('/livez', bare, (_request, reply) => reply.send({ status: 'alive' }))

  const health = keptFor(parts.clock, () => checkHealth(bindings))
  app.get('/readyz', bare, async (request, reply) => {
    const ready = parts.ready()
    const down = ready === true && !context.draining ? (await health()).down : []
    const reason = ready !== true ? ready || 'the server is not ready' : down.length > 0 ? `down: ${down.join(', ')}` : undefined
    if (context.draining) sendProblem(context, request, reply, kernelError('KERNEL_DRAINING', {}))
    else if (reason !== undefined) sendProblem(context, request, reply, httpError('KERNEL_NOT_READY', { reason }))
    else reply.send({ status: 'ready' })
    return reply
  })
  app.get('/health', bare, async (_request, reply) => {
    const { report } = await health()
    return reply.code(report.status === 'failed' ? 503 : 200).send(report)
  })

  app.get('/metrics', bare, async (_request, reply) => reply.type('text/plain; version=0.0.4; charset=utf-8').send(await parts.metrics()))
  app.get('/v1/kernel', bare, (_request, reply) => reply.send(describe(parts)))

  // Imported at the first request: neither is on the way of a start.
  app.get('/openapi.json', bare, async (_request, reply) => {
    const { openApiText } = await import('./openapi.ts')
    return reply.type('application/json; charset=utf-8').send(openApiText(parts.about, bindings))
  })
  app.get('/docs', bare, async (_request, reply) => {
    const { docsPage, docsPolicy } = await import('./docs-page.ts')
    return reply.headers({ 'content-security-policy': docsPolicy, 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' }).type('text/html; charset=utf-8').send(docsPage())
  })
}

/** These routes take no parameters, and one that they do not know is never ignored. */
const bare = {
  onRequest: async (request: FastifyRequest) => {
    const { url = '' } = request.raw
    const start = url.indexOf('?')
    const [name] = start === -1 ? [] : parseQuery(url.slice(start + 1), request.routeOptions.url ?? '').keys()
    if (name !== undefined) throw invalid(request.routeOptions.url ?? '', name, 'is not a query parameter of this route')
  },
}

/** The first path segments that no extension can have. */
export const kernelPaths: readonly string[] = ['v1', 'livez', 'readyz', 'health', 'metrics', 'openapi.json', 'docs']

function describe({ about, bindings, workers }: KernelRoutesParts) {
  return {
    name: about.name,
    version: about.version,
    manifest: { path: about.manifest.path, sha256: about.manifest.sha256 },
    startedAt: about.startedAt.toISOString(),
    bindings: [...bindings.values()].map((binding) => ({
      name: binding.name,
      port: binding.port.name,
      plugin: binding.plugin.name,
      version: binding.plugin.version,
      capabilities: binding.capabilities,
      state: binding.state,
      since: binding.since.toISOString(),
      ...(binding.policy ? { policy: binding.policy } : {}),
      ...(binding.chaos ? { chaos: binding.chaos } : {}),
    })),
    workers: workers?.() ?? [],
  }
}

/** The report, and the bindings that make the server unready. */
async function checkHealth(bindings: ReadonlyMap<string, Binding>) {
  const checked = await Promise.all([...bindings.values()].map(async (binding) => ({ binding, health: await healthOf(binding) })))
  const down = checked.filter(({ binding, health }) => !binding.optional && health.status === 'failed').map(({ binding }) => binding.name)
  const isDegraded = checked.some(({ health }) => health.status !== 'ok')
  const report = {
    status: down.length > 0 ? 'failed' : isDegraded ? 'degraded' : 'ok',
    bindings: Object.fromEntries(checked.map(({ binding, health }) => [binding.name, {
      status: health.status, plugin: binding.plugin.name, latencyMs: health.latencyMs, ...(health.error === undefined ? {} : { error: health.error }),
      ...(binding.policy ? { policy: binding.policy } : {}),
    }])),
  }
  return { report, down }
}

async function healthOf(binding: Binding): Promise<BindingHealth> {
  try {
    return await binding.health()
  } catch {
    return { status: 'failed', latencyMs: 0, error: 'the health check itself failed' }
  }
}

/** One `make` at a time, its answer kept for a second. */
function keptFor<T>(clock: Clock, make: () => Promise<T>): () => Promise<T> {
  let kept: { readonly at: number; readonly value: Promise<T> } | undefined
  return () => {
    const now = clock.now()
    if (!kept || now < kept.at || now - kept.at >= healthKeptMs) kept = { at: now, value: make() }
    return kept.value
  }
}
