import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { openRedis } from '../../plugins/redis-redis/open.ts'
import type { Settings } from '../../plugins/redis-redis/client.ts'
import type { RedisDriver } from '../../plugins/redis-redis/driver.ts'
import { silentLog } from '../contract/log.ts'

const settings = {
  prefix: 'portico_test', maxPending: 1_000, connectTimeoutMs: 1_000, connectWithinMs: 2_000, stallTimeoutMs: 2_000, clientName: 'portico-test',
  tls: { enabled: false, ca: undefined, certificate: undefined, key: undefined },
} as const satisfies Partial<Settings>

/** A connection that is closed when the test ends. */
export async function openConnection(t: ExecutionContext, given: Partial<Settings> & { readonly url: string }): Promise<RedisDriver> {
  const connection = await openRedis({ connection: 'main', log: silentLog, signal: new AbortController().signal, settings: { ...settings, ...given } })
  t.teardown(() => { connection.close() })
  return connection
}

export interface OwnRedis {
  readonly host: string
  readonly pid: () => number
  /** SIGKILL. */
  kill(): Promise<void>
  /** Again, on the same port and folder. */
  start(): Promise<void>
}

/**
 * A Redis of the test's own, with these arguments: what no shared server may be set to, or killed for. Undefined where `redis-server` is not installed,
 * which fails under REQUIRE_SERVICES=1.
 */
export async function ownRedis(t: ExecutionContext, ...args: readonly string[]): Promise<OwnRedis | undefined> {
  const port = await freePort()
  const directory = await mkdtemp(join(tmpdir(), 'portico-redis-'))
  const run = async () => {
    const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', '', ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
    const started = await Promise.race([once(child, 'error').then(() => false), heard(child.stdout, 'Ready to accept connections')])
    return started ? child : undefined
  }
  let server = await run()
  const kill = async () => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
  }
  t.teardown(async () => {
    await kill()
    await rm(directory, { recursive: true, force: true })
  })
  if (!server && process.env['REQUIRE_SERVICES'] === '1') throw new Error('there is no redis-server, and REQUIRE_SERVICES=1 wants it')
  return server && { host: `127.0.0.1:${port}`, pid: () => server?.pid ?? 0, kill, start: async () => void (server = await run()) }
}

async function heard(output: NodeJS.ReadableStream, words: string): Promise<boolean> {
  let text = ''
  for await (const chunk of output) if ((text += String(chunk)).includes(words)) break
  output.resume()
  return text.includes(words)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}
