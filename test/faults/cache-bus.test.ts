import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import type { Bound } from '../../kernel/plugin.ts'
import { silentLog } from '../contract/log.ts'
import { ownRedis } from '../services/redis.ts'
import { openDroppingProxy } from './dropping-proxy.ts'

const replicas = 3
const keys = Array.from({ length: 10 }, (_, at) => `k${at}`)
const maxStaleMs = 500
const roundMs = 2_000
/** Two clocks that are read one after the other. */
const clocksMs = 20

async function start(t: ExecutionContext, port: number): Promise<Bound['cache']> {
  const levels = [{ use: 'lru', with: { maxSize: '1MiB' } }, { on: 'main' }]
  const kernel = await createKernel({
    version: 1, name: 'faults', connections: { main: { use: 'redis', with: { url: `redis://127.0.0.1:${port}` } } },
    ports: { cache: { use: 'tiered', timeout: '10s', with: { levels, maxStale: `${maxStaleMs}ms` } } },
  }, { log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  return kernel.ports.cache
}

/** Writers that raise each key's number one after the other, in turn on all replicas but the last, and readers on all. */
async function round(caches: readonly Bound['cache'][], versions: Map<string, number[]>) {
  const counts = { writes: 0, reads: 0, stale: 0, oldestMs: 0 }
  const untilMs = performance.now() + roundMs
  const write = async (key: string, at: number): Promise<void> => {
    const ackedMs = versions.get(key) ?? []
    versions.set(key, ackedMs)
    for (let turn = at; performance.now() < untilMs; turn += 1) {
      await caches[turn % (replicas - 1)]?.set({ key, value: ackedMs.length })
      ackedMs.push(performance.now())
      counts.writes += 1
      await sleep(20)
    }
  }
  const read = async (cache: Bound['cache']): Promise<void> => {
    for (let turn = 0; performance.now() < untilMs; turn += 1) {
      const key = keys[turn % keys.length] ?? ''
      const startedMs = performance.now()
      const value = (await cache.get({ key }))?.value
      // The one after it was written before this was asked for: since then what was read is stale.
      const overtakenMs = typeof value === 'number' ? versions.get(key)?.[value + 1] : undefined
      counts.reads += 1
      if (overtakenMs !== undefined && overtakenMs < startedMs) {
        counts.stale += 1
        counts.oldestMs = Math.max(counts.oldestMs, startedMs - overtakenMs)
      }
      if (turn % keys.length === 0) await sleep(1)
    }
  }
  await Promise.all([...keys.map((key, at) => write(key, at)), ...caches.map((cache) => read(cache))])
  return counts
}

test.serial(`${replicas} replicas whose messages are lost, half of them or all, answer nothing that was overwritten more than maxStale ago`, async (t) => {
  const server = await ownRedis(t)
  if (!server) return t.log('there is no redis-server')
  const proxy = await openDroppingProxy(t, server.host)
  const caches: Bound['cache'][] = []
  for (let count = 0; count < replicas; count += 1) caches.push(await start(t, proxy.port))
  const versions = new Map<string, number[]>()

  for (const part of [0, 0.5, 1]) {
    const before = { ...proxy.counts }
    proxy.drop(part)
    const { writes, reads, stale, oldestMs } = await round(caches, versions)
    const [dropped, passed] = [proxy.counts.dropped - before.dropped, proxy.counts.passed - before.passed]
    t.log(`${part * 100} % lost: ${writes} writes, ${dropped} messages lost and ${passed} heard, ${reads} reads, ${stale} of what was overwritten, ${oldestMs.toFixed(1)} ms before at most`)

    t.deepEqual([passed > 0, dropped > 0], [part < 1, part > 0])
    t.true(part < 1 || oldestMs > maxStaleMs / 2)
    t.true(oldestMs <= maxStaleMs + clocksMs)
  }

  proxy.drop(0)
  await sleep(maxStaleMs)
  for (const key of keys) {
    const last = (versions.get(key)?.length ?? 0) - 1
    t.deepEqual(await Promise.all(caches.map(async (cache) => (await cache.get({ key }))?.value)), caches.map(() => last), key)
  }
})
