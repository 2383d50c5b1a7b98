import { createRequire } from 'node:module'
import type { FastifyServerOptions } from 'fastify'

type Factories = Required<NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>>

// Fastify's own, found where Fastify finds them.
const require = createRequire(createRequire(import.meta.url).resolve('fastify'))

/**
 * Fastify's schema compilers, loaded when an extension's route has a schema: the kernel's own routes have none, and
 * loading them would cost every start 40 ms and 116 modules.
 */
export const compilersOnDemand: Factories = {
  buildValidator: onDemand<Factories['buildValidator']>('@fastify/ajv-compiler'),
  buildSerializer: onDemand<Factories['buildSerializer']>('@fastify/fast-json-stringify-compiler'),
}

/** A factory that loads the package which makes it at its first use. */
function onDemand<F extends (...given: never[]) => unknown>(name: string): F {
  const factory = (...given: never[]) => (require(name) as () => F)()(...given)
  // It hands its arguments on, so it takes and answers what F does.
  return factory as F
}
