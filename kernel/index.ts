import { resolve } from 'node:path'
import { boot, type Host } from './boot.ts'
import type { Kernel } from './kernel.ts'
import { makeLogger } from './logger.ts'
// Each port adds itself to `Ports`: so `kernel.ports.storage` has a type wherever this library is imported.
import './ports/index.ts'

export type { Kernel, UnitOfWork } from './kernel.ts'
export type { Bound, Ports } from './binding/bound.ts'
export type { CallOptions } from './call.ts'
export * from './errors.ts'
export type { Json, JsonObject } from './json.ts'
export type { Manifest } from './manifest/types.ts'
export { defineMigration } from './ports/storage/index.ts'
export type { DataStep, MigrationStep, StepParts, UnitStep } from './ports/storage/index.ts'

/** What an application may set; everything else stands in the manifest. */
export interface KernelOptions extends Partial<Host> {
  /** Where the relative paths of a manifest given as a value start; the working directory unless set. */
  readonly directory?: string
}

/**
 * Reads, checks and starts a manifest in this process: a path, or the manifest as a value. It does not listen;
 * `kernel.listen()` does.
 * @throws MANIFEST_INVALID with every problem at once; PLUGIN_START_FAILED and its kin when a binding does not start.
 */
export function createKernel(manifest: string | object, options: KernelOptions = {}): Promise<Kernel> {
  const { directory = process.cwd(), env = process.env, overlay = env['PORTICO_ENV'], ...host } = options
  const source = typeof manifest === 'string' ? { path: resolve(manifest) } : { manifest, directory: resolve(directory) }
  const log = host.log ?? makeLogger({ name: 'portico', level: 'warn' })
  return boot(source, { ...host, env, log, ...(overlay === undefined ? {} : { overlay }) })
}
