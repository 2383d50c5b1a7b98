import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main } from '../../../kernel/cli/main.ts'
import type { Terminal } from '../../../kernel/cli/terminal.ts'
import { startServer } from '../../tools/server-process.ts'
import { recorder } from './recorder.ts'

const cli = join(import.meta.dirname, '../../../kernel/cli/portico.ts')
const twoBindings = `version: 1
name: shop
ports:
  queue: { use: memory, queues: { emails: {}, parking: {} } }
  queue.bulk: { use: memory, queues: { rows: {} } }
`

export interface QueueServer {
  readonly url: string
  /** Where its manifest stands. */
  readonly directory: string
  post(path: string, body?: object): Promise<unknown>
  /** The token of a job of `emails`; empty when there is none. */
  leaseOne(): Promise<string>
  /** `portico queue …` against it: the exit status, and what was written. */
  portico(argv: readonly string[], more?: Partial<Terminal>): Promise<{ readonly status: number; readonly out: string; readonly err: string }>
  stop(): Promise<void>
}

/** A server of its own with queues in memory: `emails` and `parking`, and `rows` of `queue.bulk`, unless the manifest says otherwise. */
export async function startQueueServer(manifest = twoBindings): Promise<QueueServer> {
  const directory = await mkdtemp(join(tmpdir(), 'portico-queue-'))
  await writeFile(join(directory, 'infra.config.yaml'), manifest)
  const server = await startServer({ cli, directory })

  const post = async (path: string, body: object = {}): Promise<unknown> => {
    const response = await fetch(`${server.url}/v1/${path}`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
    if (!response.ok) throw new Error(await response.text())
    return response.json()
  }
  return {
    url: server.url, directory, post,
    async leaseOne() {
      const { items: [lease] } = await post('queue/emails/leases') as { items: readonly { token: string }[] }
      return lease?.token ?? ''
    },
    async portico(argv, more = {}) {
      const made = recorder(directory)
      const status = await main(['queue', ...argv, '--url', server.url], { ...made, ...more })
      return { status, ...made.written }
    },
    async stop() {
      await server.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
