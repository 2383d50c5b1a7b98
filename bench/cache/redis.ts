import { createClient } from '@redis/client'
import { value } from '../document.ts'
import type { Figure } from '../figure.ts'
import type { TestDatabase } from '../../test/contract/test-database.ts'
import { startKernel } from './kernel.ts'
import { ratio } from './rates.ts'

const keys = 1_000
const keyOf = (lane: number, n: number) => `user:${(lane * 31 + n) % keys}`

/** Gets of a server's cache, of the client by hand: GET and JSON.parse, which it pipelines as well when many call in one turn. */
export async function redis(place: TestDatabase): Promise<readonly Figure[]> {
  const kernel = await startKernel({ version: 1, name: 'bench', connections: { main: place.connection }, ports: { cache: { on: 'main', timeout: '10s' } } })
  const client = createClient({ url: place.url })
  try {
    await client.connect()
    const { cache } = kernel.ports
    const prefix = `${place.name}:hand:`
    for (let at = 0; at < keys; at += 1) {
      await cache.set({ key: `user:${at}`, value, ttlMs: 600_000 })
      await client.set(`${prefix}user:${at}`, JSON.stringify(value), { PX: 600_000 })
    }
    const ours = async (lane: number, n: number) => { present(await cache.get({ key: keyOf(lane, n) })) }
    const theirs = async (lane: number, n: number) => { present(JSON.parse((await client.get(`${prefix}${keyOf(lane, n)}`)) ?? 'null')) }
    const figures = [
      await ratio('redis: get, 64 callers, of the client by hand', { ours, theirs, callers: 64, calls: 60, atLeast: 0.8 }),
      await ratio('redis: get, one caller, of the client by hand', { ours, theirs, callers: 1, calls: 600 }),
    ]
    for (let at = 0; at < keys; at += 1) await client.del(`${prefix}user:${at}`)
    return figures
  } finally {
    client.destroy()
    await kernel.close()
  }
}

/** A miss would be cheaper than what is measured. */
export function present(hit: unknown): void {
  if (hit === null || hit === undefined) throw new Error('a key that was set is not in the cache')
}
