import { createHash } from 'node:crypto'
import type { Call, Commits } from '../../kernel/plugin.ts'
import { type Acked, type AddedRow, gatherAdds, Gathered, type Due, type JobRange, type JobRow, type JobState, type Leased, type LeaseLimits, type LeaseWanted, mayBeCut, type Pause, type RowQueue, type ScheduleName, type ScheduleRow, type Seen, type StateCount } from '../../kernel/ports/queue/index.ts'
import type { RedisConnection, RedisReply, RedisScript } from '../../kernel/ports/redis/index.ts'
import { commitsOf, type RedisStep } from './commits.ts'
import { addedValues, replacedValues, toRow } from './rows.ts'
import { promoteScript, removeScript, replaceScript, sweepScript } from './scripts/change.ts'
import { ackScript } from './scripts/commit.ts'
import { leaseScript, overdueScript, pageScript, readScript, requestedScript, withKeysScript } from './scripts/lease.ts'
import { countsScript, dueScript } from './scripts/look.ts'
import { pausedScript, pauseScript, resumeScript } from './scripts/pause.ts'
import { RedisSchedules } from './schedules.ts'

/** How long the answer to a lease request is kept. */
const requestMs = 600_000
const states: readonly JobState[] = ['scheduled', 'ready', 'active', 'done', 'dead', 'cancelled']
/** How many rows one script reads or writes: it keeps everyone else waiting. */
const keysAtOnce = 200

type Replies = readonly RedisReply[]

/** Jobs in hashes and sorted sets; every change of more than one key is one script. */
export class RedisQueue implements RowQueue<RedisStep> {
  readonly keeps = 'rows'
  readonly wakesReach = 'everyone'
  readonly commits: Commits<RedisStep>
  readonly #connection: RedisConnection
  readonly #base: string
  readonly #schedules: RedisSchedules
  readonly #adds: Gathered<readonly AddedRow[], undefined>
  readonly #acks: Gathered<Acked, boolean>

  constructor(connection: RedisConnection, base: string) {
    this.commits = commitsOf(connection)
    this.#connection = connection
    this.#base = base
    this.#schedules = new RedisSchedules(connection, base)
    this.#adds = gatherAdds((rows, call) => this.commits.commit(this.insert(rows), call))
    this.#acks = new Gathered((all, call) => this.#ackAll(all, call))
  }

  insert(rows: readonly AddedRow[]): readonly RedisStep[] {
    return rows.map((row) => ({ base: this.#base, do: 'add', values: addedValues(row) }))
  }

  add(rows: readonly AddedRow[]): Promise<void> {
    return this.#adds.add(rows)
  }

  async lease(wanted: LeaseWanted, call: Call): Promise<Leased | undefined> {
    const { queue, max, leaseMs, token, worker = '', requestId, limits } = wanted
    const request = requestId === undefined ? '' : requestName(queue, requestId)
    const answer = await this.#run(leaseScript, [queue, String(max), String(leaseMs), token, worker, request, String(requestMs), ...limitValues(limits)], call)
    if (answer === null) return undefined
    const [nowMs, againInMs, ...rows] = answer as Replies
    return { found: rows.map(toRow), nowMs: Number(nowMs), againInMs: Number(againInMs) > 0 ? Number(againInMs) : undefined }
  }

  ack(done: Acked): Promise<boolean> {
    return this.#acks.add(done)
  }

  ackSteps(done: Acked): readonly RedisStep[] {
    return [{ base: this.#base, do: 'ack', values: ackValues(done) }]
  }

  async read(id: string, call: Call): Promise<Seen<JobRow> | undefined> {
    const answer = (await this.#run(readScript, [id], call)) as Replies | null
    return answer ? { found: toRow(answer[1]), nowMs: Number(answer[0]) } : undefined
  }

  async replace(rows: readonly JobRow[], live: boolean, call: Call): Promise<readonly boolean[]> {
    if (rows.length === 0) return []
    const written = (await this.#run(replaceScript, [live ? '1' : '0', ...rows.flatMap(replacedValues)], call)) as Replies
    return written.map((one) => one === 1)
  }

  async withKeys(queue: string, keys: readonly string[], call: Call): Promise<readonly JobRow[]> {
    const rows: JobRow[] = []
    for (let start = 0; start < keys.length && !mayBeCut(rows); start += keysAtOnce) {
      rows.push(...((await this.#run(withKeysScript, [queue, ...keys.slice(start, start + keysAtOnce)], call)) as Replies).map(toRow))
    }
    return rows
  }

  async requested(queue: string, requestId: string, call: Call): Promise<Seen<readonly JobRow[]> | undefined> {
    const answer = (await this.#run(requestedScript, [requestName(queue, requestId)], call)) as Replies | null
    if (!answer) return undefined
    const [nowMs, ...rows] = answer
    return { found: rows.map(toRow), nowMs: Number(nowMs) }
  }

  async page({ queue, state, fromMs, toMs, after, limit }: JobRange, call: Call): Promise<readonly JobRow[]> {
    const place = after ? [String(after.at), after.id] : ['', '']
    return ((await this.#run(pageScript, [queue, state, String(fromMs), String(toMs), String(limit), ...place], call)) as Replies).map(toRow)
  }

  async counts(queue: string, call: Call): Promise<Seen<readonly StateCount[]> & { readonly oldestReadyAt?: number | undefined }> {
    const [nowMs, oldest, ...counts] = (await this.#run(countsScript, [queue, ...states], call)) as Replies
    return { found: states.map((state, at) => ({ state, count: Number(counts[at]) })), nowMs: Number(nowMs), oldestReadyAt: timeOf(oldest) }
  }

  async remove(row: JobRow, call: Call): Promise<boolean> {
    return (await this.#run(removeScript, [row.id, String(row.revision)], call)) === 1
  }

  async setPaused(queue: string, pause: Pause | undefined, call: Call): Promise<void> {
    if (pause) await this.#run(pauseScript, [queue, pause.reason ?? ''], call)
    else await this.#run(resumeScript, [queue], call)
  }

  async paused(queue: string, call: Call): Promise<Pause | undefined> {
    const reason = await this.#run(pausedScript, [queue], call)
    return typeof reason === 'string' ? { ...(reason !== '' && { reason }) } : undefined
  }

  async due(call: Call): Promise<Seen<Due>> {
    const [nowMs, scheduled, lapsing, finished, tick] = (await this.#run(dueScript, [], call)) as Replies
    return { nowMs: Number(nowMs), found: { scheduled: timeOf(scheduled), lapsing: timeOf(lapsing), finished: timeOf(finished), tick: timeOf(tick) } }
  }

  async promote(limit: number, call: Call): Promise<number> {
    return Number(await this.#run(promoteScript, [String(limit)], call))
  }

  async overdue(limit: number, call: Call): Promise<readonly JobRow[]> {
    return ((await this.#run(overdueScript, [String(limit)], call)) as Replies).map(toRow)
  }

  async sweep(limit: number, call: Call): Promise<number> {
    return Number(await this.#run(sweepScript, [String(limit)], call))
  }

  schedules(call: Call, only?: ScheduleName): Promise<Seen<readonly ScheduleRow[]>> {
    return this.#schedules.find(only, call)
  }

  putSchedule(row: ScheduleRow, expected: number | undefined, jobs: readonly AddedRow[], call: Call): Promise<boolean> {
    return this.#schedules.put(row, expected, jobs, call)
  }

  dropSchedule(row: ScheduleRow, call: Call): Promise<boolean> {
    return this.#schedules.drop(row, call)
  }

  wake(queue: string): void {
    this.#connection.signals.send(`${this.#base}wake:${queue}`)
  }

  onWake(queue: string, listener: () => void): () => void {
    return this.#connection.signals.on(`${this.#base}wake:${queue}`, () => listener())
  }

  /** Those of one turn by one script; several where one would keep everyone else waiting for long. */
  async #ackAll(all: readonly Acked[], call: Call): Promise<readonly Promise<boolean>[]> {
    const answers: Promise<boolean>[] = []
    for (let start = 0; start < all.length; start += keysAtOnce) {
      const some = all.slice(start, start + keysAtOnce)
      const live = this.#run(ackScript, some.flatMap(ackValues), call) as Promise<Replies>
      for (const at of some.keys()) answers.push(live.then((each) => each[at] === 1))
    }
    return answers
  }

  #run(script: RedisScript, values: readonly string[], call: Call): Promise<RedisReply> {
    return this.#connection.run(script, [this.#base], values, call)
  }
}

function ackValues({ id, queue, token, result = '', keepMs }: Acked): readonly string[] {
  return [id, queue, token, result, String(keepMs)]
}

/** 0 where there is no limit. A rate is how many µs one job costs, and how many the bucket holds. */
function limitValues({ concurrent = 0, perKey = 0, rate }: LeaseLimits = {}): readonly string[] {
  const costUs = rate ? Math.max(1, Math.round((rate.perMs * 1_000) / rate.jobs)) : 0
  return [String(concurrent), String(perKey), String(costUs), String(rate ? costUs * rate.jobs : 0)]
}

/** A request's id is free text, and part of a key. */
function requestName(queue: string, requestId: string): string {
  return createHash('sha256').update(JSON.stringify([queue, requestId])).digest('hex')
}

function timeOf(reply: RedisReply | undefined): number | undefined {
  return reply === '' || reply === undefined || reply === null ? undefined : Number(reply)
}
