import test, { type ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import { silentLog } from '../contract/log.ts'
import { problemOf, send } from '../kernel/server/harness.ts'

interface Items {
  readonly items: readonly ({ readonly value: unknown; readonly encoding?: string; readonly ttlMs: number | null; readonly stale: boolean } | null)[]
}

async function start(t: ExecutionContext) {
  const kernel = await createKernel({ version: 1, name: 'shop', server: { host: '127.0.0.1', port: 0 }, ports: { cache: { use: 'lru', maxValue: '16MiB' } } }, { log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  const { url } = await kernel.listen()
  return { cache: kernel.ports.cache, ask: async (keys: readonly string[]) => send(`${url}/v1/cache/_get`, 'POST', { keys }) }
}

test('values come as they are, in the order of the keys, and as often as they are asked for', async (t) => {
  const { cache, ask } = await start(t)
  await cache.set({ key: 'a', value: { text: 'é"\n', list: [null, 1.5] }, ttlMs: 60_000 })
  await cache.set({ key: 'b', value: Uint8Array.of(0, 255) })
  await cache.set({ key: 'c', value: null })

  const { items } = await (await ask(['b', 'a', 'none', 'c', 'b'])).json() as Items

  const bytes = { value: 'AP8=', encoding: 'base64', ttlMs: null, stale: false }
  t.deepEqual([items[0], items[2], items[3], items[4]], [bytes, null, { value: null, ttlMs: null, stale: false }, bytes])
  t.deepEqual(items[1]?.value, { text: 'é"\n', list: [null, 1.5] })
  t.true((items[1]?.ttlMs ?? 0) > 0)
})

test('an answer of more than 8 MiB is refused, and says how many of the keys can be asked for', async (t) => {
  const { cache, ask } = await start(t)
  for (let at = 0; at < 12; at += 1) await cache.set({ key: `k${at}`, value: 'é'.repeat(500 * 1024) })
  const keys = Array.from({ length: 12 }, (_, at) => `k${at}`)

  for (const asked of [keys, Array<string>(1_000).fill('k1')]) {
    const problem = await problemOf(t, await ask(asked))
    t.like(problem, { status: 413, code: 'CACHE_ANSWER_TOO_LARGE' })
    t.like(problem['errors'], [{ path: '/keys' }])
    t.regex(problem['detail'], /first 8 /)
    t.is((await (await ask(asked.slice(0, 8))).json() as Items).items.length, 8)
  }
})

test('one value is answered however large it is', async (t) => {
  const { cache, ask } = await start(t)
  await cache.set({ key: 'a', value: 'x'.repeat(9 * 1024 ** 2) })

  t.is((await ask(['a'])).status, 200)
  t.is((await ask(['none', 'a', 'none'])).status, 200)
  t.is((await ask(['a', 'a'])).status, 413)
})
