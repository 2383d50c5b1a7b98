import type { Call } from '../../kernel/plugin.ts'
import type { MongoConnection, MongoDocument, MongoLook } from '../../kernel/ports/mongodb/index.ts'
import type { Due } from '../../kernel/ports/queue/index.ts'
import { beginning, timeOf, type Turn } from './documents.ts'
import { lateMs } from './hidden.ts'
import type { Places } from './places.ts'

/** What is due, and which of the queues have a job in line, in one round trip. */
export async function lookAhead(connection: MongoConnection, places: Places, waitedOn: readonly string[] | undefined, call: Call): Promise<Due> {
  const queues = waitedOn ?? []
  const [scheduled, lapsing, finished, batch, request, schedule, ...lines] = await connection.firsts([
    turnLook(places, 'scheduled'), turnLook(places, 'lapsing'), turnLook(places, 'finished'),
    { collection: places.jobs, filter: { batch: { $gte: '' } }, sort: { batch: 1 }, only: ['batch'] },
    { collection: places.requests, filter: { until: { $gte: new Date(0) } }, sort: { until: 1 }, only: ['until'] },
    { collection: places.schedules, filter: { nextAt: { $gte: 0 } }, sort: { nextAt: 1 }, only: ['nextAt'] },
    ...queues.flatMap((queue): MongoLook[] => [
      { collection: places.jobs, filter: { line: beginning(`${queue}/`) }, only: ['_id'] },
      { collection: places.paused, filter: { _id: queue }, only: ['_id'] },
    ]),
  ], call)
  const lateAt = batch && timeOf(String(batch['batch'])) + lateMs
  const until = request && (request['until'] as Date).getTime()
  return {
    scheduled: dueAt(scheduled), lapsing: dueAt(lapsing), tick: schedule && Number(schedule['nextAt']),
    finished: earliest([dueAt(finished), lateAt, until]),
    inLine: waitedOn && queues.filter((_, at) => lines[2 * at] && !lines[2 * at + 1]),
  }
}

function turnLook({ jobs }: Places, turn: Turn): MongoLook {
  return { collection: jobs, filter: { due: beginning(`${turn}/`) }, sort: { due: 1 }, only: ['due'] }
}

function dueAt(document: MongoDocument | undefined): number | undefined {
  const due = document && String(document['due'])
  return due === undefined ? undefined : timeOf(due.slice(due.indexOf('/') + 1))
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined)
  return known.length > 0 ? Math.min(...known) : undefined
}
