import test, { type ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import { cacheContract } from '../contract/cache.ts'
import type { CacheHarness } from '../contract/cache-case.ts'
import { VirtualClock } from '../contract/clock.ts'
import { silentLog } from '../contract/log.ts'

/** What every driver of the port keeps, for one in the process, in each of these bindings. */
export function testCacheContract(bindings: Readonly<Record<string, object>>): void {
  for (const [name, binding] of Object.entries(bindings)) {
    for (const { title, run } of cacheContract) test(`${name}: ${title}`, async (t) => run(t, inProcess(t, { ports: { cache: binding } })))
  }
}

/** A harness whose binding is the one of this manifest; the kernels close when the test ends. */
export function inProcess(t: ExecutionContext, { ports: { cache }, ...manifest }: { readonly connections?: object; readonly ports: { readonly cache: object } }): CacheHarness {
  const clock = new VirtualClock()
  const open: CacheHarness['open'] = async (keys = {}) => {
    const kernel = await createKernel({ version: 1, name: 'test', ...manifest, ports: { cache: { ...cache, ...keys } } }, { clock, log: silentLog, env: {} })
    t.teardown(() => kernel.close())
    return kernel.ports.cache
  }
  return { clock, capabilities: ['tags'], open }
}
