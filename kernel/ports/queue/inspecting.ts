import type { Call } from '../../call.ts'
import { maxBytesAtOnce, mayBeCut } from './at-once.ts'
import type { QueueContext } from './context.ts'
import { formatCursor, parseCursor, type Place } from './cursor.ts'
import type { JobRow, RowQueue } from './driver.ts'
import { queueError } from './errors.ts'
import { toJob } from './job.ts'
import type { JobState, ListInput, QueueCounts, QueueOperations } from './operations.ts'
import { parseTime } from './payload.ts'
import { settled } from './states.ts'

const allStates: readonly JobState[] = ['scheduled', 'ready', 'active', 'done', 'dead', 'cancelled']
const maxExamined = 5_000
/** Rows that are read at once: few before their size is known, and no fewer than are there but for their size. */
const firstRead = 16
const largestRead = 500
/** Queues that are asked for at once. */
const countedAtOnce = 8

/** Ids are made here: a text that is none belongs to no job, and no backend need see it. */
export function isJobId(id: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(id)
}

/** The time that a list is ordered by. */
const timeOf = (row: JobRow): number => row.finishedAt ?? row.enqueuedAt

const latestFirst = (a: JobRow, b: JobRow): number => timeOf(b) - timeOf(a) || (a.id < b.id ? 1 : -1)

function matches(row: JobRow, { code, text }: ListInput): boolean {
  if (code !== undefined && !row.errors.some((error) => error.code === code)) return false
  return text === undefined || row.payload.includes(text) || row.errors.some((error) => error.message.includes(text))
}

/** What changes nothing: `get`, `list`, `counts`, `queues`. */
export function inspecting(context: QueueContext): Pick<QueueOperations, 'get' | 'list' | 'counts' | 'queues'> {
  const { driver, upkeep } = context

  /** Whether a backend has no more rows than these. Of many that were asked for, some may be left out for their size alone. */
  const isLast = (rows: readonly JobRow[], limit: number) => rows.length === 0 || (rows.length < limit && limit <= firstRead && !mayBeCut(rows))

  /** The next rows of all these states together, `limit` at most; none when there are no more. */
  async function read(input: ListInput, range: { fromMs: number; toMs: number }, after: Place | undefined, limit: number, call: Call): Promise<readonly JobRow[]> {
    const states = input.state === undefined ? allStates : [input.state]
    const pages = await Promise.all(states.map((state) => driver.page({ queue: input.queue, state, ...range, after, limit }, call)))
    const rows = pages.flat().sort(latestFirst).slice(0, limit)
    // Where one state was left off, those of the others come after what follows there.
    const ends = pages.flatMap((page) => (page.length === limit || isLast(page, limit) ? [] : (page.at(-1) ?? [])))
    return rows.filter((row) => ends.every((end) => latestFirst(row, end) <= 0))
  }

  return {
    async get({ queue, id }, call) {
      const rules = context.rulesOf(queue)
      const seen = isJobId(id) ? await driver.read(id, call) : undefined
      if (seen?.found.queue !== queue) throw queueError('QUEUE_JOB_NOT_FOUND', { queue, id })
      return toJob(settled(seen.found, seen.nowMs, rules), call.text)
    },

    async list(input, call) {
      context.rulesOf(input.queue)
      const limit = input.limit ?? 50
      const fromMs = input.from === undefined ? 0 : parseTime('list', '/from', input.from)
      const toMs = input.to === undefined ? Number.MAX_SAFE_INTEGER : parseTime('list', '/to', input.to)
      let place = input.after === undefined ? undefined : parseCursor(input, input.after)
      if (input.after !== undefined && !place) throw queueError('QUEUE_BAD_CURSOR', { queue: input.queue })

      await upkeep.settle()
      const found: JobRow[] = []
      let bytes = 0
      let examined = 0
      for (let size = firstRead; ; size = Math.min(largestRead, bytes < maxBytesAtOnce / 64 ? size * 4 : size)) {
        const rows = await read(input, { fromMs, toMs }, place, size, call)
        for (const row of rows) {
          // One more is there, so that the last page says that it is the last.
          if (found.length === limit || bytes > maxBytesAtOnce || examined === maxExamined) return page()
          place = { at: timeOf(row), id: row.id }
          bytes += row.payload.length + (row.result?.length ?? 0)
          examined++
          if (matches(row, input)) found.push(row)
        }
        if (isLast(rows, size)) return page('last')
      }

      function page(last?: 'last') {
        return { items: found.map((row) => toJob(row, call.text)), next: last || !place ? null : formatCursor(input, place) }
      }
    },

    async counts({ queue }, call) {
      return countsOf(context, queue, call)
    },

    async queues(_input, call) {
      await upkeep.settle()
      const items: QueueCounts[] = []
      for (let from = 0; from < context.queues.length; from += countedAtOnce) {
        items.push(...await Promise.all(context.queues.slice(from, from + countedAtOnce).map((queue) => countSettled(driver, queue, call))))
      }
      return { items }
    },
  }
}

export async function countsOf(context: QueueContext, queue: string, call: Call): Promise<QueueCounts> {
  context.rulesOf(queue)
  await context.upkeep.settle()
  return countSettled(context.driver, queue, call)
}

async function countSettled(driver: RowQueue, queue: string, call: Call): Promise<QueueCounts> {
  const [{ found, nowMs, oldestReadyAt }, pause] = await Promise.all([driver.counts(queue, call), driver.paused(queue, call)])
  const of = (state: JobState) => found.find((entry) => entry.state === state)?.count ?? 0
  return {
    queue, paused: pause !== undefined, ...(pause?.reason !== undefined && { pauseReason: pause.reason }), ready: of('ready'), scheduled: of('scheduled'), active: of('active'), done: of('done'), dead: of('dead'),
    oldestReadyMs: oldestReadyAt === undefined ? null : Math.max(0, nowMs - oldestReadyAt),
  }
}
