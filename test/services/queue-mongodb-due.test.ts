import type { AddedRow, ScheduleRow } from '../../kernel/ports/queue/index.ts'
import { MongoQueue } from '../../plugins/queue-mongodb/driver.ts'
import { placesOf, prepare } from '../../plugins/queue-mongodb/places.ts'
import { call } from '../plugins/sql-sqlite/connection.ts'
import { openConnection, testDatabase } from './mongodb.ts'
import { openReplicaSet } from './replica-set.ts'
import { testWith } from './server.ts'

const places = placesOf('queue')
const nowMs = Date.now()
const row = (id: string, given: Partial<AddedRow>): AddedRow => ({
  id, queue: 'emails', state: 'ready', payload: '1', priority: 0, attempt: 0, attempts: 8, crashes: 0, runAt: nowMs, rank: nowMs, holds: false, enqueuedAt: nowMs, errors: [], answers: [], revision: 1, ...given,
})
const schedule: ScheduleRow = { queue: 'emails', name: 'beat', spec: '{}', nextAt: nowMs + 7, revision: 1 }

testWith(['MONGODB'], 'what is due, and who has a job in line, is one command', async (t, server) => {
  const { url } = await testDatabase(t, server)
  const set = await openReplicaSet(t, url)
  const connection = await openConnection(t, { url: set.url })
  await prepare(connection, places, call())
  const queue = new MongoQueue(connection, places)
  t.deepEqual((await queue.due(call(), ['emails'])).found, { scheduled: undefined, lapsing: undefined, finished: undefined, tick: undefined, inLine: [] })

  for (const added of [
    row('a', { state: 'scheduled', dueAt: nowMs + 60 }), row('b', { state: 'scheduled', dueAt: nowMs + 50 }), row('c', { dueAt: nowMs - 10 }),
    row('d', { state: 'done', dueAt: nowMs + 5_000, finishedAt: nowMs }), row('e', { queue: 'stopped' }),
  ]) await queue.commits.commit(queue.insert([added]), call())
  await queue.setPaused('stopped', {}, call())
  await queue.putSchedule(schedule, undefined, [], call())
  const before = set.commands.length
  const { found } = await queue.due(call(), ['emails', 'stopped', 'empty'])

  t.deepEqual(found, { scheduled: nowMs + 50, lapsing: nowMs - 10, finished: nowMs + 5_000, tick: nowMs + 7, inLine: ['emails'] })
  t.deepEqual(set.commands.slice(before), ['aggregate'])
  t.is((await queue.due(call())).found.inLine, undefined)
})
