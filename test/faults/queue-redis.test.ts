import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import { createKernel, isPorticoError, type Kernel } from '../../kernel/index.ts'
import { silentLog } from '../contract/log.ts'
import { type OwnRedis, ownRedis } from '../services/redis.ts'
import { pauseMs, rounds } from './size.ts'

const producers = 8
const workers = 8
const emails = 'emails'

interface Told {
  /** Jobs whose enqueue was answered. */
  readonly added: Set<string>
  /** How many different leases of each job were acknowledged. */
  readonly acked: Map<string, number>
  unknown: number
  refused: number
  lost: number
  readonly untyped: unknown[]
}

/** Producers and workers until the fault is over, then workers until nothing is left. */
async function underLoad({ queue }: Kernel['ports'], disturb: () => Promise<void>): Promise<Told> {
  const told: Told = { added: new Set(), acked: new Map(), unknown: 0, refused: 0, lost: 0, untyped: [] }
  let producing = true
  let working = true
  const note = async (error: unknown) => {
    if (!isPorticoError(error)) told.untyped.push(error)
    else if (error.code === 'DATABASE_OUTCOME_UNKNOWN') told.unknown++
    else if (error.code === 'QUEUE_LEASE_LOST') told.lost++
    else told.refused++
    await sleep(5)
  }
  const loads = [
    ...Array.from({ length: producers }, async (_, producer) => {
      for (let n = 0; producing; n++) await queue.enqueue({ queue: emails, payload: { producer, n } }, { timeoutMs: 3_000 }).then(({ id }) => told.added.add(id), note)
    }),
    ...Array.from({ length: workers }, async () => {
      while (working) {
        const { items } = await queue.lease({ queue: emails, max: 5, waitMs: 100, leaseMs: 1_500 }, { timeoutMs: 3_000 }).catch(async (error: unknown) => {
          await note(error)
          return { items: [] }
        })
        for (const { token, job } of items) if (await ack(token)) told.acked.set(job.id, (told.acked.get(job.id) ?? 0) + 1)
      }
    }),
  ]
  /** Again, as a worker does, while nobody knows. */
  async function ack(token: string): Promise<boolean> {
    for (let tries = 0; tries < 200; tries++) {
      try {
        await queue.ack({ queue: emails, token }, { timeoutMs: 3_000 })
        return true
      } catch (error) {
        await note(error)
        if (isPorticoError(error) && error.code === 'QUEUE_LEASE_LOST') return false
      }
    }
    return false
  }

  await sleep(700)
  await disturb()
  await sleep(1_000)
  producing = false
  for (let quiet = 0; quiet < 3; await sleep(100)) {
    const { ready, scheduled, active } = await queue.counts({ queue: emails }, { timeoutMs: 3_000 }).catch(() => ({ ready: 1, scheduled: 0, active: 0 }))
    quiet = ready + scheduled + active === 0 ? quiet + 1 : 0
  }
  working = false
  await Promise.all(loads)
  return told
}

function faultTest(title: string, disturb: (server: OwnRedis) => Promise<void>): void {
  test.serial(`redis: ${title}`, async (t: ExecutionContext) => {
    t.timeout(rounds * 120_000)
    // With `everysec` an answer may come before its write, where a sync holds the file up.
    const server = await ownRedis(t, '--appendonly', 'yes', '--appendfsync', 'always')
    if (!server) return t.pass('there is no redis-server here')
    const kernel = await createKernel({
      version: 1, name: 'faults', connections: { main: { use: 'redis', with: { url: `redis://${server.host}` } } }, ports: { queue: { on: 'main', queues: { [emails]: { maxCrashes: 1_000, attempts: 1_000 } } } },
    }, { log: silentLog, env: {} })
    t.teardown(() => kernel.close())

    for (let round = 0; round < rounds; round++) {
      const told = await underLoad(kernel.ports, () => disturb(server))
      const states = await Promise.all([...told.added].map(async (id) => (await kernel.ports.queue.get({ queue: emails, id })).state))
      const twice = [...told.acked.values()].filter((times) => times > 1).length
      t.log(`${told.added.size} enqueues acknowledged, ${told.acked.size} jobs done, ${told.unknown} unknown, ${told.refused} refused, ${told.lost} leases lost; lost jobs ${states.filter((state) => state !== 'done').length}, done twice ${twice}`)
      t.true(told.added.size > 0)
      t.true(states.every((state) => state === 'done'))
      t.is(twice, 0)
      t.deepEqual(told.untyped, [])
    }
  })
}

faultTest('killed and started again under load, no acknowledged enqueue is lost and no job is acknowledged twice', async (server) => {
  await server.kill()
  await sleep(300)
  await server.start()
})

faultTest(`paused for ${pauseMs} ms under load, the same`, async (server) => {
  process.kill(server.pid(), 'SIGSTOP')
  await sleep(pauseMs)
  process.kill(server.pid(), 'SIGCONT')
})
