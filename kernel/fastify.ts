import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { Bound } from './binding/bound.ts'
import { createKernel, type KernelOptions } from './index.ts'
import type { Kernel } from './kernel.ts'
import { kernelPaths } from './server/kernel-routes.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Every binding of the manifest: `app.ports.storage`, `app.ports['storage.reports']`. */
    readonly ports: Bound
    /** The kernel that runs in this app. */
    readonly portico: Kernel
  }
}

export interface PorticoOptions extends KernelOptions {
  /** The manifest's path, or the manifest as a value. */
  readonly manifest: string | object
  /** False: nothing is served over HTTP. `v1`: only `/v1/*`. Otherwise also `/livez`, `/health`, `/docs` and their kin. */
  readonly routes?: 'all' | 'v1' | false
}

async function register(app: FastifyInstance, { manifest, routes = 'all', ...options }: PorticoOptions): Promise<void> {
  const kernel = await createKernel(manifest, options)
  app.addHook('onClose', async () => { await kernel.close() })
  app.decorate('ports', kernel.ports)
  app.decorate('portico', kernel)
  if (routes !== false) await app.register(forward, { kernel, paths: routes === 'v1' ? ['v1'] : kernelPaths })
}

/** Hands requests over before the host reads their bodies or runs its handlers; answers are the kernel's own. */
async function forward(scope: FastifyInstance, { kernel, paths }: { readonly kernel: Kernel; readonly paths: readonly string[] }): Promise<void> {
  const server = await kernel.server()
  const { app: inner } = server
  // The host waits for what is in flight before it closes: a long poll must not hold it.
  scope.addHook('preClose', (done) => {
    server.beginDrain()
    done()
  })
  const onRequest = (request: FastifyRequest, reply: FastifyReply) => {
    reply.hijack()
    inner.routing(request.raw, reply.raw)
  }
  // Never reached: the hook has taken the request.
  const handler = (_request: FastifyRequest, reply: FastifyReply) => { reply.hijack() }
  for (const path of paths) scope.all(path === 'v1' ? '/v1/*' : `/${path}`, { onRequest, handler })
}

/**
 * `await app.register(portico, { manifest })`: starts the kernel, decorates `app.ports`, serves the kernel's routes
 * beside the host's own, and closes with the host. The host's hooks before this registration run first (authentication).
 */
export const portico = fastifyPlugin(register, { name: 'portico', fastify: '5.x' })

export default portico
