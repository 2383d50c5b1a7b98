import { value } from '../document.ts'
import type { Case, Figure } from '../figure.ts'
import { median } from '../measure.ts'
import { connections, type Peer, type Place } from '../storage/peer.ts'
import { testDatabase } from '../../test/contract/test-database.ts'

interface Backend {
  readonly name: string
  readonly variable: string
  readonly peer: (place: Place) => Promise<Peer>
}

const backends: readonly Backend[] = [
  { name: 'PostgreSQL', variable: 'PORTICO_TEST_POSTGRES_URL', peer: async (place) => (await import('../storage/postgres.ts')).postgresPeer(place) },
  { name: 'MariaDB', variable: 'PORTICO_TEST_MARIADB_URL', peer: async (place) => (await import('../storage/mysql.ts')).mysqlPeer(place) },
  { name: 'MongoDB', variable: 'PORTICO_TEST_MONGODB_URL', peer: async (place) => (await import('../storage/mongodb.ts')).mongodbPeer(place) },
]

const documents = 2_000
const callers = [1, 16, 64]
// Many short rounds: what disturbs a shared machine lasts longer than one.
const rounds = 11
const roundMs = 300
const atLeast = 0.8
const collection = 'orders'

const storageCase: Case = {
  name: 'storage on a server, of the SDK by hand with the same statements',
  async run() {
    const figures: Figure[] = []
    for (const backend of backends) {
      const url = process.env[backend.variable]
      if (url === undefined) console.log(`  ${backend.name}: ${backend.variable} is not set, not measured`)
      else figures.push(...(await measure(backend, url)))
    }
    return figures
  },
}

export default storageCase

async function measure({ name, peer }: Backend, url: string): Promise<readonly Figure[]> {
  const { createKernel } = (await import(new URL('../../dist/kernel/index.js', import.meta.url).href)) as typeof import('../../kernel/index.ts')
  const database = await testDatabase(url)
  const kernel = await createKernel({
    version: 1, name: 'bench', connections: { main: { use: database.connection.use, with: { url: database.url, maxConnections: connections } } },
    ports: { storage: { on: 'main', collections: { [collection]: { indexes: [['status', '-number']] } } } },
  }, { env: {} })
  const { storage } = kernel.ports
  try {
    for (let from = 0; from < documents; from += 100) await Promise.all(Array.from({ length: 100 }, (_, at) => storage.put({ collection, id: `o${from + at}`, value: { ...value, number: from + at } })))
    const byHand = await peer({ url: database.url, table: `storage__${collection}` })
    try {
      let next = 0
      const id = () => `o${(next = (next + 7) % documents)}`
      const tasks = {
        get: { ours: () => storage.get({ collection, id: id() }), theirs: () => byHand.get(id()) },
        put: { ours: () => storage.put({ collection, id: id(), value: { ...value, number: next } }), theirs: () => byHand.put(id(), { ...value, number: next }) },
        find: { ours: () => storage.find({ collection, where: { status: 'paid' }, orderBy: ['-number'], limit: 50 }), theirs: () => byHand.find() },
      }
      const figures: Figure[] = []
      for (const [task, pair] of Object.entries(tasks)) for (const count of callers) figures.push(await ratio(`${name}: ${task}, ${count} callers`, pair, count))
      return figures
    } finally {
      await byHand.close()
    }
  } finally {
    await kernel.close()
    await database.drop()
  }
}

/** Both in turn, so that what slows the machine for a while slows both; the median of the rounds' ratios. */
async function ratio(name: string, { ours, theirs }: { readonly ours: () => Promise<unknown>; readonly theirs: () => Promise<unknown> }, count: number): Promise<Figure> {
  const found = { ours: [] as Sample[], theirs: [] as Sample[] }
  for (let round = 0; round <= rounds; round += 1) {
    const [a, b] = [await sample(ours, count), await sample(theirs, count)]
    if (round === 0) continue
    found.ours.push(a)
    found.theirs.push(b)
  }
  const value = median(found.ours.map(({ perSecond }, round) => perSecond / (found.theirs[round]?.perSecond ?? Number.NaN)))
  const middle = (of: keyof Sample) => `${median(found.ours.map((one) => one[of])).toFixed(0)} against ${median(found.theirs.map((one) => one[of])).toFixed(0)}`
  return { name, value, unit: '×', atLeast, of: `${middle('perSecond')} a second, ${middle('cpuUs')} µs of the client's CPU` }
}

interface Sample {
  readonly perSecond: number
  /** Of this process, for each call. */
  readonly cpuUs: number
}

async function sample(task: () => Promise<unknown>, count: number): Promise<Sample> {
  const startedMs = performance.now()
  const before = process.cpuUsage()
  const endMs = startedMs + roundMs
  let done = 0
  await Promise.all(Array.from({ length: count }, async () => {
    while (performance.now() < endMs) {
      await task()
      done += 1
    }
  }))
  const { user, system } = process.cpuUsage(before)
  return { perSecond: done / ((performance.now() - startedMs) / 1_000), cpuUs: (user + system) / done }
}
