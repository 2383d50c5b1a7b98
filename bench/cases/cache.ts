import type { Case, Figure } from '../figure.ts'
import { integrations } from '../cache/integrations.ts'
import { lru } from '../cache/lru.ts'
import { redis } from '../cache/redis.ts'
import { tiered } from '../cache/tiered.ts'
import { testDatabase, type TestDatabase } from '../../test/contract/test-database.ts'

const cacheCase: Case = {
  name: 'caches and integrations, of the libraries by hand and of BentoCache',
  async run() {
    const figures: Figure[] = [...(await lru()), ...(await integrations())]
    const url = process.env['PORTICO_TEST_REDIS_URL']
    if (url === undefined) console.log('  PORTICO_TEST_REDIS_URL is not set, not measured')
    else for (const measure of [redis, tiered]) figures.push(...(await inPlace(url, measure)))
    return figures
  },
}

export default cacheCase

async function inPlace(url: string, task: (place: TestDatabase) => Promise<readonly Figure[]>): Promise<readonly Figure[]> {
  const place = await testDatabase(url)
  try {
    return await task(place)
  } finally {
    await place.drop()
  }
}
