import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import type { Bound } from '../../kernel/plugin.ts'
import { silentLog } from '../contract/log.ts'
import { ownRedis, type OwnRedis } from '../services/redis.ts'

const workers = 20

async function start(t: ExecutionContext, server: OwnRedis, keys: object = {}): Promise<Bound['cache']> {
  const manifest = { version: 1, name: 'faults', connections: { main: { use: 'redis', with: { url: `redis://${server.host}` } } }, ports: { cache: { on: 'main', ...keys } } }
  const kernel = await createKernel(manifest, { log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  return kernel.ports.cache
}

/** Callers that go on asking until it is told to stop; how many calls there were, and which failed. */
function load(cache: Bound['cache']) {
  let going = true
  let calls = 0
  const failures: unknown[] = []
  const done = Promise.all(Array.from({ length: workers }, async (_, worker) => {
    for (let at = worker; going; at += 1) {
      calls += 1
      try {
        const value = await cache.remember(`k${at % 200}`, () => `v${at % 200}`, { ttlMs: 60_000 })
        if (value !== `v${at % 200}`) throw new Error(`k${at % 200} is ${value}`)
      } catch (error) {
        failures.push(error)
      }
      await sleep(1)
    }
  }))
  return { failures, stop: async () => { going = false; await done; return calls } }
}

const faults: Readonly<Record<string, (server: OwnRedis) => Promise<void>>> = {
  killed: async (server) => { await server.kill(); await sleep(1_500); await server.start() },
  paused: async (server) => { process.kill(server.pid(), 'SIGSTOP'); await sleep(1_500); process.kill(server.pid(), 'SIGCONT') },
}

for (const [what, fault] of Object.entries(faults)) {
  test.serial(`Redis ${what} under load fails no caller, and what was invalidated meanwhile does not come back`, async (t) => {
    const server = await ownRedis(t, '--appendonly', 'yes')
    if (!server) return t.log('there is no redis-server')
    const cache = await start(t, server)
    await cache.set({ key: 'old', value: 1 })
    const under = load(cache)
    await sleep(300)

    const broken = fault(server)
    await sleep(500)
    await cache.invalidate({ prefix: 'ol' })
    await broken
    for (let tries = 0; tries < 300; tries += 1) {
      t.is(await cache.get({ key: 'old' }), null)
      await sleep(10)
    }

    const calls = await under.stop()
    t.log(`${calls} calls`)
    t.deepEqual(under.failures, [])
  })
}

test.serial('1,000 callers on one cold key make one load in a process, and one in three replicas that load one at a time', async (t) => {
  const server = await ownRedis(t)
  if (!server) return t.log('there is no redis-server')
  // A busy machine must not look like a server that is down.
  const patient = { timeout: '10s' }
  const replicas = [await start(t, server, patient), await start(t, server, patient), await start(t, server, patient)]
  const [cache] = replicas
  if (!cache) return t.fail()
  let loads = 0
  const slowly = async () => { loads += 1; await sleep(200); return 7 }

  const one = await Promise.all(Array.from({ length: 1_000 }, () => cache.remember('one', slowly)))
  t.deepEqual([new Set(one), loads], [new Set([7]), 1])

  loads = 0
  const three = await Promise.all(Array.from({ length: 999 }, async (_, at) => replicas[at % 3]?.remember('three', slowly, { singleFlight: 'cluster' })))
  t.deepEqual([new Set(three), loads], [new Set([7]), 1])
})
