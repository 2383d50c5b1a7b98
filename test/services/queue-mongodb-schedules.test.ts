import type { ExecutionContext } from 'ava'
import type { MongoConnection } from '../../kernel/ports/mongodb/index.ts'
import type { AddedRow, ScheduleRow } from '../../kernel/ports/queue/index.ts'
import { MongoQueue } from '../../plugins/queue-mongodb/driver.ts'
import { placesOf, prepare } from '../../plugins/queue-mongodb/places.ts'
import { call } from '../plugins/sql-sqlite/connection.ts'
import { openConnection, testDatabase } from './mongodb.ts'
import { testWith } from './server.ts'

const places = placesOf('queue')
const nowMs = Date.now()
const schedule = (spec: string, revision: number): ScheduleRow => ({ queue: 'emails', name: 'beat', spec, nextAt: nowMs, revision })
/** The job of the tick that comes when the schedule is at this revision. */
const tickOf = (revision: number): AddedRow => ({
  id: `tick-${revision}`, queue: 'emails', state: 'ready', payload: '1', priority: 0, attempt: 0, attempts: 8, crashes: 0, runAt: nowMs, rank: nowMs, holds: false, enqueuedAt: nowMs, errors: [], key: `$schedule/beat/${revision}`, answers: [], revision: 1,
})
const gone = new Error('the process was killed')

/** Every way to the server that a change of a schedule takes. */
const ways: ReadonlySet<string | symbol> = new Set(['get', 'find', 'insert', 'commit', 'change', 'remove'])

/** A connection with a time of its own, where `between` runs before each way to the server, with how many came before it. */
function watched(connection: MongoConnection, between: (at: number) => Promise<void>, laterMs = 0): MongoConnection {
  let at = 0
  return new Proxy(connection, {
    get(target, member) {
      if (member === 'now') return async (by: never) => (await target.now(by)) + laterMs
      const value: unknown = Reflect.get(target, member)
      if (typeof value !== 'function') return value
      const send = (...given: unknown[]): unknown => Reflect.apply(value, target, given)
      if (!ways.has(member)) return send
      return async (...given: unknown[]) => {
        await between(at++)
        return send(...given)
      }
    },
  })
}

async function open(t: ExecutionContext, server: string) {
  const { url, db } = await testDatabase(t, server)
  const connection = await openConnection(t, { url })
  await prepare(connection, places, call())
  const other = new MongoQueue(watched(connection, () => Promise.resolve()), places)
  const later = new MongoQueue(watched(connection, () => Promise.resolve(), 30_000), places)
  const settle = async () => {
    t.true(((await later.due(call())).found.finished ?? nowMs) <= nowMs + 60_000)
    await later.sweep(100, call())
  }
  const clear = async () => {
    for (const place of [places.jobs, places.schedules]) await db.collection(place).deleteMany({})
  }
  const begin = async () => {
    await clear()
    t.true(await other.putSchedule(schedule('first', 1), undefined, [], call()))
  }
  return { connection, other, settle, clear, begin, jobs: () => db.collection(places.jobs).find().toArray(), kept: async () => (await other.schedules(call())).found }
}

type Disturb = (parts: Awaited<ReturnType<typeof open>>, seen: ScheduleRow) => Promise<{ readonly changed: boolean; readonly adds: number }>

/** What comes between two steps of a firing, by one who sees the schedule as it then is; whether it changed it, and how many jobs that adds. */
const disturbances: Readonly<Record<string, Disturb>> = {
  'another fires the same tick, or the next': async ({ other }, { revision }) => ({ changed: await other.putSchedule(schedule('theirs', revision + 1), revision, [tickOf(revision)], call()), adds: 1 }),
  'another changes it': async ({ other }, { revision }) => ({ changed: await other.putSchedule(schedule('theirs', revision + 1), revision, [], call()), adds: 0 }),
  'another removes it': async ({ other }, { revision }) => ({ changed: await other.dropSchedule(schedule('', revision), call()), adds: 0 }),
  'another settles what is late': async ({ settle }) => {
    await settle()
    return { changed: false, adds: 0 }
  },
}

for (const killed of [false, true]) {
  testWith(['MONGODB'], `a schedule that is made with jobs has them, once: another makes it before each step${killed ? ', and the writer is killed there' : ''}`, async (t, server) => {
    const parts = await open(t, server)
    let steps = 0
    for (let met = true; met; steps++) {
      met = false
      await parts.clear()
      let theirs = false
      const mine = new MongoQueue(watched(parts.connection, async (step) => {
        if (step === steps) {
          met = true
          theirs = await parts.other.putSchedule(schedule('theirs', 1), undefined, [tickOf(1)], call())
        }
        if (killed && step >= steps) throw gone
      }), places)

      const answer = await mine.putSchedule(schedule('mine', 1), undefined, [tickOf(1)], call()).catch(() => undefined)
      await parts.settle()

      const kept = await parts.kept()
      t.false(theirs && answer === true)
      t.is((await parts.jobs()).length, kept.length, `step ${steps}`)
      if (theirs || answer) t.deepEqual(kept.map(({ spec }) => spec), [theirs ? 'theirs' : 'mine'], `step ${steps}`)
      await parts.other.putSchedule(schedule('later', 1), undefined, [tickOf(1)], call())
      t.deepEqual([(await parts.jobs()).length, (await parts.kept()).length], [1, 1])
    }
    t.true(steps >= 6)
  })
}

for (const [what, disturb] of Object.entries(disturbances)) {
  for (const killed of [false, true]) {
    testWith(['MONGODB'], `a tick's job is there if, and only if, its schedule moved on with it: ${what} before each step${killed ? ', and the writer is killed there' : ''}`, async (t, server) => {
      const parts = await open(t, server)
      let steps = 0
      for (let met = true; met; steps++) {
        met = false
        await parts.begin()
        let theirs = { changed: false, adds: 0 }
        let moved = false
        const look = async () => {
          const [seen] = await parts.kept()
          moved ||= seen?.spec === 'mine'
          return seen
        }
        const mine = new MongoQueue(watched(parts.connection, async (step) => {
          if (step === steps) {
            met = true
            const seen = await look()
            if (seen) theirs = await disturb(parts, seen)
          }
          if (killed && step >= steps) throw gone
        }), places)

        const answer = await mine.putSchedule(schedule('mine', 2), 1, [tickOf(1)], call()).catch(() => undefined)
        await look()
        await parts.settle()

        if (answer !== undefined) t.is(answer, moved, `step ${steps}`)
        const jobs = await parts.jobs()
        t.is(jobs.length, (moved ? 1 : 0) + (theirs.changed ? theirs.adds : 0), `step ${steps}: ${String(moved)} ${JSON.stringify(theirs)}`)
        for (const job of jobs) t.true('line' in job && !('batch' in job), `step ${steps}`)
      }
      t.true(steps >= 5)
    })
  }
}
