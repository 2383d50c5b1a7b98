import { setTimeout as sleep } from 'node:timers/promises'
import type { Figure } from '../figure.ts'
import type { TestDatabase } from '../../test/contract/test-database.ts'
import { queue, startKernel } from './portico.ts'

const settleMs = 2_000
const restMs = 20_000

/** What a kernel costs whose one queue is empty, while one caller waits for a job. `calls` tells the statements that were sent so far. */
export async function atRest(name: string, place: TestDatabase, calls?: () => number): Promise<readonly Figure[]> {
  const kernel = await startKernel(place)
  const over = new AbortController()
  const waiting = (async () => {
    while (!over.signal.aborted) await kernel.ports.queue.lease({ queue, waitMs: 20_000 }, { signal: over.signal }).catch(() => undefined)
  })()
  try {
    await sleep(settleMs)
    const [before, sent] = [process.cpuUsage(), calls?.()]
    await sleep(restMs)
    const { user, system } = process.cpuUsage(before)
    const figures: Figure[] = [{ name: `${name}: at rest, of a core`, value: (user + system) / 10 / restMs, unit: '%', atMost: 1 }]
    if (calls && sent !== undefined) figures.push({ name: `${name}: at rest, statements`, value: (calls() - sent) / (restMs / 1_000), unit: '/s', atMost: 1 })
    return figures
  } finally {
    over.abort()
    await waiting
    await kernel.close()
  }
}

/** Counts what this process sends to PostgreSQL from now on. */
export async function countStatements(): Promise<() => number> {
  const { default: pg } = await import('pg')
  let sent = 0
  const { prototype } = pg.Client
  const query = prototype.query
  prototype.query = function counted(this: unknown, ...args: unknown[]) {
    sent += 1
    return Reflect.apply(query, this, args) as never
  }
  return () => sent
}
