import type { Case, Figure } from '../figure.ts'
import { median } from '../measure.ts'
import { value } from '../document.ts'
import { type JobQueue, leaseAndAck, queue, startKernel } from '../queue/portico.ts'
import { rowsOf } from '../queue/rows.ts'
import { testDatabase } from '../../test/contract/test-database.ts'

/** `PORTICO_BENCH=whole` takes minutes and some gigabytes, which are given back. */
const whole = process.env['PORTICO_BENCH'] === 'whole'
const scheduled = whole ? 1_000_000 : 50_000
const finished = whole ? 5_000_000 : 250_000
const heldMs = whole ? 180_000 : 15_000
const rounds = 60
const batch = 50

const flatCase: Case = {
  name: `what a lease of ${batch} costs beside ${scheduled} scheduled and ${finished} finished jobs, of the same in an empty queue`,
  async run() {
    const postgres = process.env['PORTICO_TEST_POSTGRES_URL']
    if (postgres === undefined) console.log('  PORTICO_TEST_POSTGRES_URL is not set, not measured')
    return [
      await besideMany('SQLite', 'sqlite:'),
      ...(postgres === undefined ? [] : [await besideMany('PostgreSQL', postgres), await besideHeld('PostgreSQL', postgres)]),
    ]
  },
}

export default flatCase

async function besideMany(name: string, url: string): Promise<Figure> {
  return inTwo(url, async (empty, full, fill) => {
    await fill(await oneScheduled(full), scheduled)
    await fill(await oneDone(full), finished)
    return leases(`${name}: lease beside them`, empty, full, 1.5)
  })
}

/** Jobs come and go while a transaction stays open: their dead rows, and their places in the index of the line, stay. */
async function besideHeld(name: string, url: string): Promise<Figure> {
  return inTwo(url, async (empty, full, _, hold) => {
    const end = await hold()
    try {
      const untilMs = performance.now() + heldMs
      let churned = 0
      while (performance.now() < untilMs) {
        await add(full, 1_000)
        for (let left = 1_000; left > 0;) left -= await leaseAndAck(full, batch)
        churned += 1_000
      }
      return await leases(`${name}: after ${churned} jobs in a transaction of ${heldMs / 1_000} s`, empty, full, 3)
    } finally {
      await end()
    }
  })
}

type Fill = (id: string, count: number) => Promise<void>
type Hold = () => Promise<() => Promise<void>>

async function inTwo(url: string, task: (empty: JobQueue, full: JobQueue, fill: Fill, hold: Hold) => Promise<Figure>): Promise<Figure> {
  const places = [await testDatabase(url), await testDatabase(url)] as const
  const kernels = [await startKernel(places[0]), await startKernel(places[1])] as const
  const rows = await rowsOf(places[1])
  try {
    return await task(kernels[0].ports.queue, kernels[1].ports.queue, (id, count) => rows.copy(id, count), () => rows.hold())
  } finally {
    await rows.close()
    for (const kernel of kernels) await kernel.close()
    for (const place of places) await place.drop()
  }
}

/** The two in turn; the jobs that were leased are acknowledged between. */
async function leases(name: string, empty: JobQueue, full: JobQueue, atMost: number): Promise<Figure> {
  const took = { empty: [] as number[], full: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    for (const [which, jobs] of [['empty', empty], ['full', full]] as const) {
      await add(jobs, batch)
      const startedMs = performance.now()
      const { items } = await jobs.lease({ queue, max: batch })
      if (round > 0) took[which].push(performance.now() - startedMs)
      await Promise.all(items.map(({ token }) => jobs.ack({ queue, token })))
    }
  }
  const [beside, alone] = [median(took.full), median(took.empty)]
  return { name, value: beside / alone, unit: '×', atMost, of: `${beside.toFixed(1)} ms against ${alone.toFixed(1)}` }
}

function add(jobs: JobQueue, count: number): Promise<unknown> {
  return jobs.enqueueMany({ queue, jobs: Array.from({ length: count }, () => ({ payload: value })) })
}

async function oneScheduled(jobs: JobQueue): Promise<string> {
  const { id } = await jobs.enqueue({ queue, payload: value, delayMs: 20 * 86_400_000 })
  return id
}

async function oneDone(jobs: JobQueue): Promise<string> {
  const { id } = await jobs.enqueue({ queue, payload: value })
  await leaseAndAck(jobs, 1)
  return id
}
