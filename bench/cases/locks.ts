import { join } from 'node:path'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import type { Case, Figure } from '../figure.ts'
import { startKernel } from '../cache/kernel.ts'
import { ratio } from '../cache/rates.ts'
import { type ByHand, inMemory, inPostgres, inRedis, inSqlite } from '../locks/by-hand.ts'
import { testDatabase } from '../../test/contract/test-database.ts'

/** Each has names of its own: nobody waits for a lock, only for the backend. */
const callers = 16

const locksCase: Case = {
  name: 'locks: acquire and release, of the same by hand on the same backend',
  async run() {
    const { PORTICO_TEST_POSTGRES_URL: postgres, PORTICO_TEST_REDIS_URL: redis } = process.env
    const figures = [...(await onMemory()), ...(await onSqlite())]
    for (const [name, url, measure] of [['POSTGRES', postgres, onPostgres], ['REDIS', redis, onRedis]] as const) {
      if (url === undefined) console.log(`  PORTICO_TEST_${name}_URL is not set, not measured`)
      else figures.push(...(await measure(url)))
    }
    return figures
  },
}

export default locksCase

async function onMemory(): Promise<readonly Figure[]> {
  return versus('memory', { ports: { locks: { use: 'memory' } } }, inMemory(), 500)
}

async function onSqlite(): Promise<readonly Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'portico-bench-'))
  try {
    return await versus('SQLite', { connections: { main: { use: 'sqlite', with: { file: join(folder, 'ours.db') } } }, ports: { locks: { on: 'main' } } }, inSqlite(join(folder, 'theirs.db')), 15)
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function onPostgres(url: string): Promise<readonly Figure[]> {
  const place = await testDatabase(url)
  try {
    return await versus('PostgreSQL', { connections: { main: place.connection }, ports: { locks: { on: 'main' } } }, await inPostgres(place.url), 8)
  } finally {
    await place.drop()
  }
}

async function onRedis(url: string): Promise<readonly Figure[]> {
  const place = await testDatabase(url)
  try {
    return await versus('Redis', { connections: { main: place.connection }, ports: { locks: { on: 'main' } } }, await inRedis(place.url, `${place.name}:hand:`), 30)
  } finally {
    await place.drop()
  }
}

async function versus(name: string, manifest: object, theirs: ByHand, calls: number): Promise<readonly Figure[]> {
  const kernel = await startKernel({ version: 1, name: 'bench', ...manifest })
  try {
    const { locks } = kernel.ports
    const ours = async (lane: number) => {
      const lock = `lock ${lane}`
      const { token } = await locks.acquire({ name: lock, ttlMs: 60_000 })
      await locks.release({ name: lock, token })
    }
    const pair = { ours, theirs: (lane: number) => theirs.turn(`lock ${lane}`) }
    return [
      await ratio(`${name}: a turn, ${callers} callers, of one by hand`, { ...pair, callers, calls }),
      await ratio(`${name}: a turn, one caller, of one by hand`, { ...pair, callers: 1, calls: calls * 3 }),
    ]
  } finally {
    await theirs.close()
    await kernel.close()
  }
}
