import { check } from '../boot.ts'
import { manifestOptions, sourceOf, type CommonFlags } from './options.ts'
import { InputError } from './outcome.ts'
import type { Terminal } from './terminal.ts'

/** What a command takes that talks to a running server. */
export interface ServerFlags extends CommonFlags {
  readonly url?: string
}

/**
 * Where the server runs: `--url`, else where the manifest says that it listens.
 * @throws InputError when the manifest leaves the port open.
 */
export async function serverUrl(flags: ServerFlags, terminal: Terminal): Promise<string> {
  if (flags.url !== undefined) return flags.url
  const { manifest: { server, path } } = await check(sourceOf(flags), manifestOptions(flags, terminal))
  if (server.port === 0) throw new InputError(`${path} takes any free port (server.port: 0); say where the server listens with --url`)
  // What listens on every address is reached on this machine's own.
  const host = server.host === '0.0.0.0' ? '127.0.0.1' : server.host === '::' ? '::1' : server.host
  return `http://${host.includes(':') ? `[${host}]` : host}:${server.port}`
}
