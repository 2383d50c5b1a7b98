import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import type { Lease } from '../../kernel/ports/queue/index.ts'
import { silentLog } from '../contract/log.ts'
import type { BoundQueue } from '../contract/queue.ts'
import type { Vhost } from './rabbitmq.ts'

export const lost = { code: 'QUEUE_LEASE_LOST' }
const queues = {
  emails: {},
  parking: {},
  strict: { attempts: 3, backoff: { initial: '0ms', max: '0ms' }, lease: '300ms', maxCrashes: 2 },
} as const

interface StartOptions {
  readonly url?: string
  readonly settings?: object
}

export async function startQueue(t: ExecutionContext, vhost: Vhost, { url = vhost.url, settings = {} }: StartOptions = {}) {
  const manifest = { version: 1, name: 'shop', connections: { broker: { use: 'amqplib', with: { url, ...settings } } }, ports: { queue: { on: 'broker', queues } } }
  const kernel = await createKernel(manifest, { log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  return { kernel, queue: kernel.ports.queue }
}

export async function leaseOne(queue: BoundQueue, input: { readonly queue: string; readonly leaseMs?: number; readonly waitMs?: number }): Promise<Lease> {
  const [lease] = (await queue.lease({ waitMs: 5_000, ...input })).items
  if (!lease) throw new Error(`no job came in ${input.queue}`)
  return lease
}

/** Through this port of 127.0.0.1, where a test has put something before the broker. */
export function through(url: string, port: number): string {
  const changed = new URL(url)
  changed.hostname = '127.0.0.1'
  changed.port = String(port)
  return changed.href
}

/** Answers once `holds` does. */
export async function eventually(holds: () => Promise<boolean> | boolean, withinMs = 30_000): Promise<void> {
  const untilMs = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > untilMs) throw new Error('it did not come to be in time')
    await sleep(50)
  }
}
