import type { AddressInfo, Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Binding } from '../binding/binding.ts'
import type { Log } from '../log.ts'
import type { ServerSpec } from '../manifest/types.ts'
import type { AnyPort } from '../ports/definition.ts'
import { logSent, requestLog } from './access-log.ts'
import { RouteTable } from './allowed.ts'
import { makeApp } from './app.ts'
import type { ServerContext } from './context.ts'
import { httpError } from './errors.ts'
import { addExtension, prefixOf, type ExtensionRoutes } from './extensions.ts'
import { addKernelRoutes, type KernelRoutesParts } from './kernel-routes.ts'
import { isLoopback } from './loopback.ts'
import { addPortRoutes } from './port-routes.ts'

/** What a server is made from: values, never the kernel. */
export interface ServerParts extends KernelRoutesParts {
  readonly spec: ServerSpec
  /** Read at each request, so that a reload may change it. */
  readonly bindings: ReadonlyMap<string, Binding>
  /** Ports to have routes beside those of the bindings, for bindings that a reload may add. */
  readonly ports?: readonly AnyPort[]
  readonly extensions: readonly ExtensionRoutes[]
  readonly log: Log
  /** True: may listen beyond loopback although nothing protects it. */
  readonly insecureListen?: boolean
}

export interface Server {
  /** Ready to answer, listening or not: `app.routing(request, response)` serves one that another server took. */
  readonly app: FastifyInstance
  /**
   * Starts to listen.
   * @throws HTTP_LISTEN_INSECURE beyond loopback without `insecureListen`, @throws HTTP_LISTEN_FAILED with what to change.
   */
  listen(): Promise<{ readonly url: string }>
  /** Tells clients to go elsewhere and ends long polls; everything else is still answered. */
  beginDrain(): void
  /** Takes no more connections, answers what is in flight, and closes; after `deadlineMs` it cuts what is left. */
  drain(deadlineMs: number): Promise<void>
  /** Closes at once. */
  close(): Promise<void>
}

/** How often a shutdown looks for connections that have become idle. */
const sweepEveryMs = 20

/**
 * The HTTP face of a kernel: routes once per port, the kernel's own, and those of extensions.
 * @throws HTTP_PREFIX_TAKEN, or what an extension's plugin throws.
 */
export async function makeServer(parts: ServerParts): Promise<Server> {
  const ports = portsOf(parts)
  const context: ServerContext = {
    log: parts.log,
    requests: requestLog(parts.log, parts.spec.logLevel),
    draining: false,
    guarded: false,
    waiting: new Set(),
    routes: new RouteTable(),
    ports: new Set(ports.map((port) => port.name)),
    extensionPrefixes: parts.extensions.filter(({ routes }) => routes).map(prefixOf),
  }

  const app = makeApp(context)
  logSent(app, context.requests)
  addKernelRoutes(app, parts, context)
  for (const port of ports) addPortRoutes(app, port, parts.bindings, context)
  for (const extension of parts.extensions) addExtension(app, extension, parts.log)
  await app.ready()

  const sockets = new Set<Socket>()
  app.server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })

  let drained: Promise<void> | undefined
  return {
    app,
    listen: () => listen(app, parts, context),
    beginDrain: () => beginDrain(context),
    drain: (deadlineMs) => (drained ??= drain(app, parts, context, sockets, deadlineMs)),
    async close() {
      context.draining = true
      const closed = app.close()
      app.server.closeAllConnections()
      await closed
    },
  }
}

function portsOf({ bindings, ports = [] }: ServerParts): readonly AnyPort[] {
  const byName = new Map(ports.map((port) => [port.name, port]))
  for (const { port } of bindings.values()) byName.set(port.name, port)
  return [...byName.values()].filter((port) => !port.inner)
}

async function listen(app: FastifyInstance, { spec, log, insecureListen }: ServerParts, context: ServerContext) {
  const { host, port } = spec
  context.guarded = isLoopback(host)
  if (!context.guarded) {
    if (!insecureListen) throw httpError('HTTP_LISTEN_INSECURE', { host })
    log.warn({ host, port }, 'listening beyond loopback without identity, access and TLS, as --insecure-listen says')
  }

  try {
    // One address: for `localhost` Fastify would open a second server that a shutdown does not drain.
    await app.listen({ host: host === 'localhost' ? '127.0.0.1' : host, port })
  } catch (cause) {
    throw httpError('HTTP_LISTEN_FAILED', { host, port, reason: reasonOf(cause) }, { cause })
  }
  // A server that listens on TCP has an address of this shape.
  const address = app.server.address() as AddressInfo
  return { url: `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${address.port}` }
}

function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'EADDRINUSE') return 'another program listens there; stop it, or change server.port'
  if (code === 'EACCES') return 'this user may not; take a port above 1023'
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return 'this machine has no such address; change server.host'
  return cause instanceof Error ? cause.message : String(cause)
}

function beginDrain(context: ServerContext): void {
  context.draining = true
  for (const call of context.waiting) call.abort()
}

async function drain(app: FastifyInstance, { clock, log }: ServerParts, context: ServerContext, sockets: ReadonlySet<Socket>, deadlineMs: number): Promise<void> {
  beginDrain(context)
  const { server } = app
  if (server.listening) {
    const closed = new Promise<void>((resolve) => { server.close(() => resolve()) })
    // Browsers open connections ahead of requests; Node does not count those as idle.
    for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
    const sweep = setInterval(() => server.closeIdleConnections(), sweepEveryMs)
    const cancel = clock.after(deadlineMs, () => {
      log.warn({ deadlineMs }, 'closing connections whose requests did not end in time')
      server.closeAllConnections()
    })
    await closed
    cancel()
    clearInterval(sweep)
  }
  await app.close()
}
