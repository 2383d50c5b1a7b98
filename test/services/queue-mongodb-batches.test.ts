import type { ExecutionContext } from 'ava'
import type { MongoConnection, MongoStep } from '../../kernel/ports/mongodb/index.ts'
import type { AddedRow, JobRow } from '../../kernel/ports/queue/index.ts'
import { MongoQueue } from '../../plugins/queue-mongodb/driver.ts'
import { placesOf, prepare } from '../../plugins/queue-mongodb/places.ts'
import { call } from '../plugins/sql-sqlite/connection.ts'
import { openConnection, testDatabase } from './mongodb.ts'
import { testWith } from './server.ts'

const places = placesOf('queue')
const nowMs = Date.now()
const rows = ['a', 'b', 'c'].map((id): AddedRow => ({
  id, queue: 'emails', state: 'ready', payload: '1', priority: 0, attempt: 0, attempts: 8, crashes: 0, runAt: nowMs, rank: nowMs, holds: false, enqueuedAt: nowMs, errors: [], key: `k-${id}`, answers: [], revision: 1,
}))
const gone = new Error('the process was killed')

/** A connection whose process ends where `ends` says so: nothing that comes after it is done. */
function killedAt(connection: MongoConnection, ends: (what: 'decide' | 'show' | 'forget') => boolean): MongoConnection {
  let dead = false
  const pass = <T>(what: 'decide' | 'show' | 'forget', go: () => Promise<T>): Promise<T> => {
    dead ||= ends(what)
    return dead ? Promise.reject(gone) : go()
  }
  return new Proxy(connection, {
    get(target, member) {
      if (member === 'commit') return (steps: readonly MongoStep[], by: never) => pass('decide', () => target.commit(steps, by))
      if (member === 'change') return (...given: Parameters<MongoConnection['change']>) => pass('show', () => target.change(...given))
      if (member === 'remove') return (...given: Parameters<MongoConnection['remove']>) => pass('forget', () => target.remove(...given))
      const value: unknown = Reflect.get(target, member)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

/** The same server, half a minute later. */
function later(connection: MongoConnection): MongoConnection {
  return new Proxy(connection, {
    get(target, member) {
      if (member === 'now') return async (by: never) => (await target.now(by)) + 30_000
      const value: unknown = Reflect.get(target, member)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

async function open(t: ExecutionContext, server: string) {
  const { url, db } = await testDatabase(t, server)
  const connection = await openConnection(t, { url })
  await prepare(connection, places, call())
  return { connection, db }
}

const leased = async (queue: MongoQueue): Promise<readonly JobRow[]> => (await queue.lease({ queue: 'emails', max: 10, leaseMs: 60_000, token: 't' }, call()))?.found ?? []
const add = (queue: MongoQueue) => queue.commits.commit(queue.insert(rows), call())

testWith(['MONGODB'], 'a batch whose writer is killed before it was decided never was: no job is seen, and its keys are free again', async (t, server) => {
  const { connection, db } = await open(t, server)
  await t.throwsAsync(add(new MongoQueue(killedAt(connection, (what) => what === 'decide'), places)), { is: gone })
  t.is(await db.collection(places.jobs).countDocuments(), 3)
  t.deepEqual(await leased(new MongoQueue(connection, places)), [])

  const queue = new MongoQueue(later(connection), places)
  t.true(((await queue.due(call())).found.finished ?? 0) <= Date.now() + 30_000)
  await queue.sweep(100, call())

  t.is(await db.collection(places.jobs).countDocuments(), 0)
  t.is(await add(queue), undefined)
})

for (const at of ['show', 'forget'] as const) {
  testWith(['MONGODB'], `a batch whose writer is killed after it was decided is whole, and each job is there once (${at})`, async (t, server) => {
    const { connection, db } = await open(t, server)
    t.is(await add(new MongoQueue(killedAt(connection, (what) => what === at), places)), undefined)

    const queue = new MongoQueue(later(connection), places)
    await queue.sweep(100, call())

    t.deepEqual((await leased(queue)).map(({ id }) => id), ['a', 'b', 'c'])
    t.is(await db.collection(places.jobs).countDocuments(), 3)
  })
}

testWith(['MONGODB'], 'a batch that was given up cannot be added any more by a writer who was only slow', async (t, server) => {
  const { connection, db } = await open(t, server)
  const other = new MongoQueue(later(connection), places)
  const slow = new Proxy(connection, {
    get(target, member) {
      if (member === 'commit') {
        return async (steps: readonly MongoStep[], by: never) => {
          await other.sweep(100, call())
          return target.commit(steps, by)
        }
      }
      const value: unknown = Reflect.get(target, member)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })

  await t.throwsAsync(add(new MongoQueue(slow, places)), { code: 'QUEUE_BUSY' })

  t.deepEqual(await leased(new MongoQueue(connection, places)), [])
  t.is(await db.collection(places.jobs).countDocuments(), 0)
})

testWith(['MONGODB'], 'a batch with a key that is taken adds nothing', async (t, server) => {
  const { connection, db } = await open(t, server)
  const queue = new MongoQueue(connection, places)
  await queue.commits.commit(queue.insert(rows.slice(2)), call())

  t.like(await add(queue), { step: 2, reason: 'unique' })

  t.is(await db.collection(places.jobs).countDocuments(), 1)
})
