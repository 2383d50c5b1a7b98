import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import type { Bound, Call } from '../../kernel/plugin.ts'
import { silentLog } from '../contract/log.ts'
import { openConnection, ownRedis, type OwnRedis } from '../services/redis.ts'
import { serverUrl } from '../services/server.ts'
import { openProxy, type Proxy } from '../services/toxiproxy.ts'

const workers = 20
const keys = 200
/** Of the port, unless set. */
const timeoutMs = 50
/** For how long Redis is away; after a while of it the circuit is surely open. */
const awayMs = 3_000
const openAfterMs = 1_500
/** What a busy machine adds to the slowest calls beyond what it adds to those that ask no cache. */
const toleranceMs = 50

async function start(t: ExecutionContext, host: string, more: object = {}): Promise<Bound['cache']> {
  const manifest = { version: 1, name: 'faults', connections: { main: { use: 'redis', with: { url: `redis://${host}` } } }, ports: { cache: { on: 'main', ...more } } }
  const kernel = await createKernel(manifest, { log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  return kernel.ports.cache
}

const call: Call = { signal: new AbortController().signal, remainingMs: () => 5_000, traceId: '', text: false, degrade: () => undefined }

interface Timed {
  readonly startedMs: number
  readonly tookMs: number
}

/** Callers that go on asking until they are told to stop, and one that asks no cache: what it waits for is the machine. */
function load(cache: Bound['cache']) {
  let going = true
  const [calls, turns]: readonly [Timed[], Timed[]] = [[], []]
  const failures: unknown[] = []
  const ask = async (n: number): Promise<void> => {
    try {
      const value = await cache.remember(`k${n % keys}`, () => `v${n % keys}`, { ttlMs: 60_000 })
      if (value !== `v${n % keys}`) throw new Error(`k${n % keys} is ${value}`)
    } catch (error) {
      failures.push(error)
    }
  }
  const timing = async (times: Timed[], task: (n: number) => Promise<unknown>, from: number): Promise<void> => {
    for (let n = from; going; n += 1) {
      const startedMs = performance.now()
      await task(n)
      times.push({ startedMs, tookMs: performance.now() - startedMs })
      await sleep(1)
    }
  }
  const done = Promise.all([...Array.from({ length: workers }, (_, worker) => timing(calls, ask, worker)), timing(turns, () => new Promise(setImmediate), 0)])
  return { calls, turns, failures, stop: async () => { going = false; await done } }
}

/** What 99 of 100 that began in that time took at most. */
function p99(times: readonly Timed[], fromMs: number, untilMs: number): number {
  const within = times.filter(({ startedMs }) => startedMs >= fromMs && startedMs < untilMs).map(({ tookMs }) => tookMs).sort((a, b) => a - b)
  return within[Math.floor(within.length * 0.99)] ?? Number.NaN
}

/** Whether it keeps what it is given, within a while: a busy machine makes any server look late now and then. */
async function cachesAgain(cache: Bound['cache']): Promise<boolean> {
  for (let tries = 0; tries < 100; tries += 1) {
    await cache.set({ key: 'new', value: tries })
    if ((await cache.get({ key: 'new' }))?.value === tries) return true
    await sleep(100)
  }
  return false
}

interface Fault {
  begin(): Promise<unknown>
  end(): Promise<unknown>
}

const faults: Readonly<Record<string, (server: OwnRedis, proxy: Proxy) => Fault>> = {
  killed: (server) => ({ begin: () => server.kill(), end: () => server.start() }),
  paused: (server) => ({ begin: async () => process.kill(server.pid(), 'SIGSTOP'), end: async () => process.kill(server.pid(), 'SIGCONT') }),
  'answering two seconds late': (_, proxy) => ({ begin: () => proxy.slow(2_000), end: () => proxy.restore() }),
}

for (const [what, make] of Object.entries(faults)) {
  faulty(`Redis ${what} under load: no caller fails or waits longer than the timeout, nor at all later on, and what was invalidated meanwhile does not come back`, async (t, server, proxy, cache) => {
    await cache.set({ key: 'old', value: 1 })
    const under = load(cache)
    await sleep(500)

    const { begin, end } = make(server, proxy)
    const beganMs = performance.now()
    await begin()
    await sleep(openAfterMs)
    await cache.invalidate({ prefix: 'ol' })
    await sleep(awayMs - openAfterMs)
    const endedMs = performance.now()
    await end()
    for (let tries = 0; tries < 200; tries += 1) {
      t.is(await cache.get({ key: 'old' }), null)
      await sleep(10)
    }

    await under.stop()
    const [first, later] = [[beganMs, beganMs + openAfterMs], [beganMs + openAfterMs, endedMs]] as const
    const figures = [first, later].map(([from, until]) => ({ calls: p99(under.calls, from, until), turns: p99(under.turns, from, until) }))
    const longestMs = under.calls.reduce((longest, { tookMs }) => Math.max(longest, tookMs), 0)
    t.log(`${under.calls.length} calls; longest ${longestMs.toFixed(1)} ms; p99 ${figures.map(({ calls, turns }) => `${calls.toFixed(1)} ms (a turn ${turns.toFixed(1)} ms)`).join(' at first, then ')}`)
    t.deepEqual(under.failures, [])
    for (const [at, allowedMs] of [timeoutMs, 0].entries()) t.true((figures[at]?.calls ?? Infinity) <= allowedMs + (figures[at]?.turns ?? 0) + toleranceMs)
    t.true(await cachesAgain(cache))
  })
}

faulty('Redis flushed again and again under load: no caller fails, and what was invalidated does not come back', async (t, server, _, cache) => {
  const admin = await openConnection(t, { url: `redis://${server.host}` })
  const under = load(cache)
  for (let flush = 0; flush < 10; flush += 1) {
    await cache.set({ key: 'old', value: flush })
    await cache.invalidate({ prefix: 'ol' })
    await admin.command(['FLUSHALL'], 'write', call)
    t.is(await cache.get({ key: 'old' }), null)
    await sleep(100)
  }

  await under.stop()
  t.log(`${under.calls.length} calls, 10 flushes`)
  t.deepEqual(under.failures, [])
  t.true(await cachesAgain(cache))
})

function faulty(title: string, body: (t: ExecutionContext, server: OwnRedis, proxy: Proxy, cache: Bound['cache']) => Promise<void>): void {
  const api = serverUrl('TOXIPROXY')
  if (api === undefined) return test.serial.skip(title, () => undefined)
  test.serial(title, async (t) => {
    const server = await ownRedis(t, '--appendonly', 'yes')
    if (!server) return t.log('there is no redis-server')
    const proxy = await openProxy(t, api, server.host)
    await body(t, server, proxy, await start(t, `127.0.0.1:${proxy.port}`))
  })
}

test.serial('1,000 callers on one cold key make one load in a process, and one in three replicas that load one at a time', async (t) => {
  const server = await ownRedis(t)
  if (!server) return t.log('there is no redis-server')
  // A busy machine must not look like a server that is down.
  const patient = { timeout: '10s' }
  const replicas = [await start(t, server.host, patient), await start(t, server.host, patient), await start(t, server.host, patient)]
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
