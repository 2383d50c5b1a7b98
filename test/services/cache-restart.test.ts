import type { ExecutionContext } from 'ava'
import test from 'ava'
import { createKernel } from '../../kernel/index.ts'
import type { Bound, Call } from '../../kernel/plugin.ts'
import { silentLog } from '../contract/log.ts'
import { openConnection, ownRedis } from './redis.ts'
import { testWith } from './server.ts'
import { openProxy } from './toxiproxy.ts'

const call: Call = { signal: new AbortController().signal, remainingMs: () => 5_000, traceId: '', text: false, degrade: () => undefined }
const bindings = {
  redis: { on: 'main' },
  tiered: { use: 'tiered', with: { maxStale: '1h', levels: [{ use: 'lru', with: { maxSize: '1MiB' } }, { on: 'main' }] } },
}

for (const [name, binding] of Object.entries(bindings)) {
  const start = async (t: ExecutionContext, host: string): Promise<Bound['cache']> => {
    const kernel = await createKernel({ version: 1, name: 'restart', connections: { main: { use: 'redis', with: { url: `redis://${host}` } } }, ports: { cache: { timeout: '10s', ...binding } } }, { log: silentLog, env: {} })
    t.teardown(() => kernel.close())
    return kernel.ports.cache
  }

  test.serial(`${name}: a Redis that restarts from an older file brings back nothing that was changed since`, async (t) => {
    const server = await ownRedis(t)
    if (!server) return t.log('there is no redis-server')
    const replicas = [await start(t, server.host), await start(t, server.host)] as const
    const [one, two] = replicas
    const keys = ['written', 'deleted', 'tagged', 'p:prefixed']
    for (const key of keys) await one.set({ key, value: 'old', tags: [key] })
    await (await openConnection(t, { url: `redis://${server.host}` })).command(['SAVE'], 'write', call)
    await one.set({ key: 'written', value: 'new' })
    await two.delete({ key: 'deleted' })
    await one.invalidate({ tags: ['tagged'] })
    await two.invalidate({ prefix: 'p:' })

    await server.kill()
    await server.start()
    for (const cache of replicas) await answersAgain(cache)

    for (const cache of replicas) {
      for (const key of keys) t.is(await cache.get({ key }), null, key)
    }
    await one.set({ key: 'after', value: 1 })
    t.is((await two.get({ key: 'after' }))?.value, 1)
    t.is((await one.get({ key: 'after' }))?.value, 1)
  })

  testWith(['TOXIPROXY'], `${name}: what was cached outlives a connection that was lost`, async (t, api) => {
    const server = await ownRedis(t)
    if (!server) return t.log('there is no redis-server')
    const proxy = await openProxy(t, api, server.host)
    const cache = await start(t, `127.0.0.1:${proxy.port}`)
    await cache.set({ key: 'kept', value: 1 })

    await proxy.cut()
    await proxy.restore()
    await answersAgain(cache)

    t.is((await cache.get({ key: 'kept' }))?.value, 1)
  })
}

/** Waits until it keeps what it is given. */
async function answersAgain(cache: Bound['cache']): Promise<void> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    await cache.set({ key: 'new', value: tries })
    if ((await cache.get({ key: 'new' }))?.value === tries) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('it never answered again')
}
