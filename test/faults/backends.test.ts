import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { createKernel, isPorticoError } from '../../kernel/index.ts'
import { silentLog } from '../contract/log.ts'
import { databaseOf, type ServerName } from '../services/server.ts'
import { openProxy, type Proxy } from '../services/toxiproxy.ts'
import { callTimeoutMs, type Told, underWriters, wrongs } from './writers.ts'
import { service } from './service.ts'
import { pauseMs, rounds } from './size.ts'
import { withServers } from './with-servers.ts'

const writers = 32
/** A backend that is back is used again within this: a monitor of MongoDB's that hangs is given up after 11 s, and the machine may be slow. */
const recoveryMs = 30_000
/** So late an answer may come for what the machine does besides. */
const slackMs = 3_000
const collection = 'counters'

interface Backend {
  readonly name: ServerName
  /** The name of its scripts. */
  readonly service: string
}

const backends: readonly Backend[] = [
  { name: 'POSTGRES', service: 'postgres' },
  { name: 'MARIADB', service: 'mariadb' },
  { name: 'MONGODB', service: 'mongodb' },
]

/** Storage on that server, in a database of its own. */
async function start(t: ExecutionContext, url: string, settings: object = {}, through: (url: string) => string = (own) => own) {
  const { url: own, connection } = await databaseOf(t, url)
  const kernel = await createKernel({
    version: 1, name: 'faults', connections: { main: { use: connection.use, with: { url: through(own), ...settings } } },
    ports: { storage: { on: 'main', collections: { [collection]: {} } } },
  }, { log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  return kernel.ports.storage
}

function judge(t: ExecutionContext, what: string, told: Told): void {
  const sum = (of: (tally: Told['tallies'][number]) => number) => told.tallies.reduce((total, tally) => total + of(tally), 0)
  t.log(`${what}: ${sum((one) => one.acknowledged)} acknowledged, ${sum((one) => one.unknown)} unknown, ${sum((one) => one.refused)} refused (${[...told.codes].map(([code, times]) => `${code} ${times}`).join(', ')}); longest ${Math.round(told.longestMs)} ms, used again after ${Math.round(told.recoveredMs)} ms`)
  t.deepEqual(told.untyped, [])
  t.true(told.longestMs < callTimeoutMs + slackMs, `a call took ${told.longestMs} ms`)
  t.true(told.recoveredMs < recoveryMs, `used again after ${told.recoveredMs} ms`)
}

async function usedAgain(t: ExecutionContext, storage: Awaited<ReturnType<typeof start>>): Promise<void> {
  const untilMs = performance.now() + recoveryMs
  while (!(await storage.get({ collection, id: 'o1' }, { timeoutMs: 1_000 }).then(() => true, () => false))) {
    if (performance.now() > untilMs) return t.fail('it did not recover')
  }
  t.pass()
}

for (const backend of backends) {
  const { name, service: server } = backend
  const title = (what: string) => `${server}: ${what}`
  const fault = (what: string, disturb: () => Promise<void>) => {
    withServers([name], title(what), async (t, url) => {
      t.timeout(rounds * 180_000)
      const storage = await start(t, url)
      for (let round = 0; round < rounds; round++) {
        const told = await underWriters(storage, writers, disturb)
        judge(t, what, told)
        t.deepEqual(await wrongs(storage, told), [])
      }
    })
  }

  fault('killed and started again under 32 writers, nothing acknowledged is lost and nothing is there twice', async () => {
    await service('kill', server)
    await sleep(500)
    await service('up', server)
  })
  fault('stopped in good order and started again under 32 writers, the same', async () => {
    await service('restart', server)
  })
  fault(`paused for ${pauseMs} ms under 32 writers, the same`, async () => {
    await service('pause', server)
    await sleep(pauseMs)
    await service('resume', server)
  })

  const proxied = (what: string, body: (t: ExecutionContext, proxy: Proxy, storage: (settings?: object) => ReturnType<typeof start>) => Promise<void>) => {
    withServers([name, 'TOXIPROXY'], title(what), async (t, url, api) => {
      t.timeout(180_000)
      const proxy = await openProxy(t, api, new URL(url).host)
      const through = (own: string) => {
        const changed = new URL(own)
        changed.port = String(proxy.port)
        return changed.href
      }
      await body(t, proxy, (settings) => start(t, url, settings, through))
    })
  }

  proxied('idle connections that were cut are not used again', async (t, proxy, open) => {
    const storage = await open()
    await Promise.all(Array.from({ length: 16 }, (_, at) => storage.put({ collection, id: `o${at}`, value: { n: at } })))
    await proxy.cut()
    await proxy.restore()
    await sleep(200)

    const answers = await Promise.allSettled(Array.from({ length: 16 }, (_, at) => storage.get({ collection, id: `o${at}` }, { timeoutMs: 10_000 })))
    t.deepEqual(answers.map((answer) => answer.status), answers.map(() => 'fulfilled'))
  })

  proxied('a connection on which nothing passes ends each call by its deadline, and is not kept', async (t, proxy, open) => {
    const storage = await open()
    await storage.put({ collection, id: 'o1', value: { n: 1 } })
    await proxy.hang('all')

    const startedMs = performance.now()
    const stalled = await Promise.allSettled(Array.from({ length: 8 }, () => storage.get({ collection, id: 'o1' }, { timeoutMs: 1_000 })))
    t.true(performance.now() - startedMs < 1_000 + slackMs)
    t.true(stalled.every((answer) => answer.status === 'rejected' && isPorticoError(answer.reason)))

    await proxy.restore()
    await usedAgain(t, storage)
  })

  proxied('more callers than connections wait, or are told that the pool is exhausted', async (t, proxy, open) => {
    const storage = await open({ maxConnections: 2, acquireTimeout: '300ms' })
    await storage.put({ collection, id: 'o1', value: { n: 1 } })
    await proxy.hang('all')
    const held = Array.from({ length: 4 }, () => storage.get({ collection, id: 'o1' }, { timeoutMs: 1_500 }).catch((error: unknown) => error))

    const refused = await Promise.allSettled(Array.from({ length: 32 }, () => storage.get({ collection, id: 'o1' }, { timeoutMs: 3_000 })))
    const codes = new Set(refused.map((answer) => (answer.status === 'rejected' && isPorticoError(answer.reason) ? answer.reason.code : 'ok')))
    t.true(codes.has('DATABASE_POOL_EXHAUSTED'), [...codes].join())

    await Promise.all(held)
    await proxy.restore()
    await usedAgain(t, storage)
  })
}
