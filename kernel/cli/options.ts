import { normalize } from 'node:path'
import type { ManifestOptions, ManifestSource } from '../manifest/types.ts'
import type { Terminal } from './terminal.ts'

export const defaultFile = 'infra.config.yaml'

/** What every command takes. */
export interface CommonFlags {
  readonly file?: string
  readonly env?: string
  readonly set?: readonly string[]
  readonly json?: boolean
}

/** The manifest that a command is about: its argument, else `--file`, else the default; named in reports as it was typed. */
export function sourceOf(flags: CommonFlags, argument?: string): ManifestSource & { readonly path: string } {
  return { path: normalize(argument ?? flags.file ?? defaultFile) }
}

export function manifestOptions({ env, set }: CommonFlags, terminal: Terminal): ManifestOptions {
  const overlay = env ?? terminal.env['PORTICO_ENV']
  return { env: terminal.env, ...(overlay ? { overlay } : {}), ...(set ? { set } : {}) }
}
