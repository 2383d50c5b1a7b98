import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { startServer, type ServerProcess } from '../tools/server-process.ts'

const cli = join(import.meta.dirname, '../../kernel/cli/portico.ts')

/** Documents and jobs on one connection, durable at every answer. */
export function manifestOf(file: string): string {
  return `
version: 1
name: faults
connections: { main: { use: sqlite, with: { file: "${file}" } } }
ports:
  storage: { on: main, collections: { orders: { indexes: [[n]] } } }
  queue: { on: main, queues: { orders: {} } }
`
}

/** A folder with the manifest, removed after the test. */
export async function applicationFolder(t: ExecutionContext, file = 'data/faults.db'): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'portico-faults-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  await writeFile(join(directory, 'infra.config.yaml'), manifestOf(file))
  return directory
}

/** The server of that folder as a process of its own; it is gone after the test. */
export async function serve(t: ExecutionContext, directory: string): Promise<ServerProcess> {
  const server = await startServer({ cli, directory, args: ['--set', 'server.logLevel=error'] })
  t.teardown(() => server.stop('SIGKILL'))
  return server
}

export interface Answer<Body> {
  readonly status: number
  readonly body: Body
}

/** One request; rejects when the connection breaks before the whole answer is there. */
export async function send<Body>(url: string, method: string, body?: unknown): Promise<Answer<Body>> {
  const init = body === undefined ? { method } : { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(30_000) })
  const text = await response.text()
  return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as Body }
}
