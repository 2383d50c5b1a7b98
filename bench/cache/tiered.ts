import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis'
import { value } from '../document.ts'
import type { Figure } from '../figure.ts'
import type { TestDatabase } from '../../test/contract/test-database.ts'
import { startKernel } from './kernel.ts'
import { ratio, type Turns } from './rates.ts'
import { present } from './redis.ts'

const ttlMs = 600_000
const hot = 100
const wide = 4_000
/** What the first level holds is a fraction of the wide keys, for both. */
const firstLevelBytes = 256 * 1024

/** Both with a level in memory, one on the same Redis, and a bus over it. */
export async function tiered(place: TestDatabase): Promise<readonly Figure[]> {
  const kernel = await startKernel({
    version: 1, name: 'bench', connections: { main: place.connection },
    ports: { cache: { use: 'tiered', timeout: '10s', with: { levels: [{ use: 'lru', with: { maxSize: '256KiB' } }, { on: 'main' }], maxStale: '10m' } } },
  })
  const { hostname, port, password } = new URL(place.url)
  const connection = { host: hostname, port: Number(port), password }
  const bento = new BentoCache({
    default: 'tiered', prefix: place.name,
    stores: { tiered: bentostore().useL1Layer(memoryDriver({ maxSize: firstLevelBytes })).useL2Layer(redisDriver({ connection })).useBus(redisBusDriver({ connection })) },
  })
  try {
    const { cache } = kernel.ports
    for (let at = 0; at < wide; at += 1) {
      await cache.set({ key: `k${at}`, value, ttlMs })
      await bento.set({ key: `k${at}`, value, ttl: ttlMs })
    }
    const reading = (keys: number): Pick<Turns, 'ours' | 'theirs'> => ({
      ours: async (lane, n) => { present(await cache.get({ key: `k${(lane * 67 + n) % keys}` })) },
      theirs: async (lane, n) => { present(await bento.get({ key: `k${(lane * 67 + n) % keys}` })) },
    })
    const figures = [
      await ratio('tiered: get from the first level, of BentoCache', { ...reading(hot), callers: 16, calls: 1_000, atLeast: 1 }),
      await ratio('tiered: get of many, most from the second, of BentoCache', { ...reading(wide), callers: 64, calls: 60, atLeast: 1 }),
    ]
    await bento.clear()
    return figures
  } finally {
    await bento.disconnectAll()
    await kernel.close()
  }
}
