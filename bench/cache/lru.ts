import { LRUCache } from 'lru-cache'
import { value } from '../document.ts'
import type { Figure } from '../figure.ts'
import { nanosecondsEach } from '../measure.ts'
import { startKernel } from './kernel.ts'

export async function lru(): Promise<readonly Figure[]> {
  const kernel = await startKernel({ version: 1, name: 'bench', ports: { cache: { use: 'lru' } } })
  try {
    const { cache } = kernel.ports
    const bare = new LRUCache<string, object>({ max: 1_000 })
    bare.set('k', value)
    await cache.set({ key: 'k', value })

    const ns = await nanosecondsEach({
      bare: () => bare.get('k'),
      awaited: () => Promise.resolve(bare.get('k')),
      binding: () => cache.get({ key: 'k' }),
      remember: () => cache.remember('k', () => value),
    }, 50_000)
    return [
      { name: 'lru: hit beyond lru-cache', value: (ns.binding - ns.bare) / 1_000, unit: 'µs', atMost: 1, of: `${ns.binding.toFixed(0)} ns against ${ns.bare.toFixed(0)} ns; an awaited one ${ns.awaited.toFixed(0)} ns` },
      { name: 'lru: remember, a hit', value: ns.remember / 1_000, unit: 'µs' },
    ]
  } finally {
    await kernel.close()
  }
}
