import type { Backoff } from '../../kernel/plugin.ts'
import type { AddedRow, JobError, JobProgress, JobRow, JobState, VerbAnswer } from '../../kernel/ports/queue/index.ts'
import type { RedisReply } from '../../kernel/ports/redis/index.ts'

/** What no script looks at, as one JSON text. */
interface Rest {
  readonly priority: number
  readonly attempts: number
  readonly crashes?: number | undefined
  readonly backoff?: Backoff | undefined
  readonly progress?: JobProgress | undefined
  readonly errors?: readonly JobError[] | undefined
  readonly answers?: readonly VerbAnswer[] | undefined
}

const filled = <T>(list: readonly T[]): readonly T[] | undefined => (list.length > 0 ? list : undefined)

/** The fields of a job's hash and their values, in turn; what is undefined has no field. The first five stand where the scripts look. */
function fieldsOf(row: JobRow): string[] {
  const rest: Rest = {
    priority: row.priority, attempts: row.attempts, crashes: row.crashes || undefined, backoff: row.backoff, progress: row.progress,
    errors: filled(row.errors), answers: filled(row.answers),
  }
  const fields = [
    'queue', row.queue, 'state', row.state, 'enqueuedAt', String(row.enqueuedAt), 'runAt', String(row.runAt), 'rank', String(row.rank),
    'attempt', String(row.attempt), 'rest', JSON.stringify(rest), 'payload', row.payload,
  ]
  const add = (name: string, value: string | number | undefined) => {
    if (value !== undefined) fields.push(name, String(value))
  }
  add('dueAt', row.dueAt)
  add('deadlineAt', row.deadlineAt)
  add('finishedAt', row.finishedAt)
  add('result', row.result)
  add('key', row.key)
  add('token', row.token)
  add('leaseUntil', row.leaseUntil)
  add('worker', row.worker)
  add('lane', laneOf(row))
  if (laneOf(row) !== undefined && row.holds) add('holds', 1)
  return fields
}

/** A finished job is in no lane. */
const laneOf = (row: JobRow): string | undefined => (row.finishedAt === undefined ? row.lane : undefined)
const text = (value: string | number | undefined): string => (value === undefined ? '' : String(value))

/** A job to add, as the scripts read it. */
export function addedValues(row: AddedRow): readonly string[] {
  const fields = fieldsOf(row)
  fields.push('revision', '1')
  return [row.id, text(row.key), text(row.delayMs), text(row.dueAt), String(fields.length), ...fields]
}

/** A job to write in place of the one that was read, as the script reads it. */
export function replacedValues(row: JobRow): readonly string[] {
  const fields = fieldsOf(row)
  const lane = laneOf(row)
  return [
    row.id, String(row.revision), String(row.finishedAt ?? row.enqueuedAt), text(row.dueAt), text(lane), lane !== undefined && row.holds ? '1' : '0', text(row.key),
    String(fields.length), ...fields,
  ]
}

/** A row as the scripts answer it: names and values in turn, where a later one counts. */
export function toRow(reply: RedisReply | undefined): JobRow {
  if (!Array.isArray(reply)) throw new TypeError('a job is a list of names and values')
  const fields: Record<string, string> = Object.create(null) as Record<string, string>
  for (let at = 0; at < reply.length; at += 2) fields[String(reply[at])] = String(reply[at + 1])

  const of = (name: string): string => fields[name] ?? ''
  const time = (name: string): number | undefined => (fields[name] === undefined ? undefined : Number(fields[name]))
  const rest = JSON.parse(of('rest')) as Rest
  return {
    id: of('id'),
    queue: of('queue'),
    // The scripts write no other.
    state: of('state') as JobState,
    payload: of('payload'),
    result: fields['result'],
    priority: rest.priority,
    rank: Number(fields['rank']),
    lane: fields['lane'],
    holds: fields['holds'] === '1',
    attempt: Number(fields['attempt']),
    attempts: rest.attempts,
    crashes: rest.crashes ?? 0,
    backoff: rest.backoff,
    progress: rest.progress,
    runAt: Number(fields['runAt']),
    dueAt: time('dueAt'),
    deadlineAt: time('deadlineAt'),
    enqueuedAt: Number(fields['enqueuedAt']),
    finishedAt: time('finishedAt'),
    errors: rest.errors ?? [],
    answers: rest.answers ?? [],
    key: fields['key'],
    token: fields['token'],
    leaseUntil: time('leaseUntil'),
    worker: fields['worker'],
    revision: Number(fields['revision']),
  }
}
