import type { FastifyBaseLogger, FastifyInstance, FastifyPluginAsync, FastifyPluginCallback } from 'fastify'
import { isPorticoError, kernelError } from '../errors.ts'
import type { Log } from '../log.ts'
import { httpError } from './errors.ts'
import { kernelPaths } from './kernel-routes.ts'

/** What one extension's `create` answered. */
export interface ExtensionRoutes {
  readonly name: string
  readonly routes?: FastifyPluginCallback | FastifyPluginAsync
  readonly prefix?: string
}

/**
 * Registers an extension's routes below its prefix, in a scope of their own: with fastify-plugin alone the prefix would
 * be ignored, and its hooks and error handler would become the kernel's.
 * @throws HTTP_PREFIX_TAKEN for no prefix, or one where the kernel's own routes stand.
 */
export function addExtension(app: FastifyInstance, extension: ExtensionRoutes, log: Log): void {
  const { routes } = extension
  if (!routes) return
  const prefix = prefixOf(extension)
  const own = log.child({ extension: extension.name })
  void app.register(
    async function extensionScope(scope) {
      scope.addHook('onRequest', (request, reply, done) => {
        request.log = reply.log = requestLog(own.child({ requestId: request.id, traceId: request.traceId }))
        done()
      })
      try {
        await scope.register(routes)
      } catch (error) {
        if (isPorticoError(error)) throw error
        throw kernelError('PLUGIN_START_FAILED', { binding: prefix, plugin: extension.name, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
      }
    },
    { prefix },
  )
}

/** The prefix, checked. */
export function prefixOf({ name, prefix = '' }: ExtensionRoutes): string {
  const first = /^\/([^/:*]+)(?:\/[^/]+)*$/.exec(prefix)?.[1]
  if (first === undefined || kernelPaths.includes(first.toLowerCase())) throw httpError('HTTP_PREFIX_TAKEN', { extension: name, prefix })
  return prefix
}

/** The kernel's log as Fastify's plugins expect it. */
function requestLog(log: Log): FastifyBaseLogger {
  const write = (level: 'debug' | 'info' | 'warn' | 'error') => (first: unknown, message?: unknown) => {
    const fields = first instanceof Error ? { err: first } : typeof first === 'object' && first !== null ? first : {}
    log[level](fields, typeof message === 'string' ? message : typeof first === 'string' ? first : '')
  }
  const nothing = () => {}
  return {
    level: 'info', fatal: write('error'), error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug'),
    trace: nothing, silent: nothing, child: (bindings: object) => requestLog(log.child(bindings)),
  }
}
