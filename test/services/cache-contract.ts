import type { ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import { cacheContract } from '../contract/cache.ts'
import { SteppedClock } from '../contract/clock.ts'
import { silentLog } from '../contract/log.ts'
import { databaseOf, type ServerName, testWith } from './server.ts'

/** What every driver of the port keeps, for one over a connection to this server, in two replicas of one manifest. */
export function testCacheContract(server: ServerName, capabilities: readonly string[], binding: object = { on: 'main' }): void {
  for (const { title, run } of cacheContract) testWith([server], `cache: ${title}`, async (t, url) => run(t, await harnessOf(t, url, capabilities, binding)))
}

async function harnessOf(t: ExecutionContext, url: string, capabilities: readonly string[], binding: object) {
  const { connection } = await databaseOf(t, url)
  const clock = new SteppedClock()
  const open = async (keys: object = {}) => {
    const manifest = { version: 1, name: 'contract', connections: { main: connection }, ports: { cache: { timeout: '10s', ...binding, ...keys } } }
    const kernel = await createKernel(manifest, { clock, log: silentLog, env: {} })
    t.teardown(() => kernel.close())
    return kernel.ports.cache
  }
  return { capabilities, clock, open, replica: () => open() }
}
