import { createRequire } from 'node:module'

/** The kernel's version, from its package.json: two folders up from dist/kernel, one from kernel. */
export const kernelVersion: string = readVersion()

function readVersion(): string {
  const require = createRequire(import.meta.url)
  const path = import.meta.url.endsWith('.ts') ? '../package.json' : '../../package.json'
  const { version } = require(path) as { readonly version: string }
  return version
}
