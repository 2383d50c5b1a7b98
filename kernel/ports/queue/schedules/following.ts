import type { Call } from '../../../call.ts'
import type { Log } from '../../../log.ts'
import type { RowQueue, ScheduleRow } from '../driver.ts'
import type { QueueKeys } from '../keys.ts'
import { declaredSchedules } from './faults.ts'
import { changedRow, makeSpec, readSpec, sameTiming } from './spec.ts'
import { nextTick } from './timing.ts'

/** How often it begins anew when another replica starts at the same moment. */
const maxTries = 8

interface FollowParts {
  readonly driver: Pick<RowQueue, 'schedules' | 'putSchedule' | 'dropSchedule'>
  readonly keys: QueueKeys
  readonly log: Log
}

/**
 * Makes the schedules of the manifest those of the backend: a new one begins at its next tick, a changed one keeps whether it is paused and,
 * with the same time, its next tick; one that the manifest has no more goes. Those made over HTTP stay; of a queue that is gone they are paused.
 * In how many milliseconds the first tick comes; undefined when none does.
 */
export async function followSchedules(parts: FollowParts, call: Call): Promise<number | undefined> {
  for (let tries = 0; tries < maxTries; tries++) {
    if (!(await follow(parts, call))) continue
    const { found, nowMs } = await parts.driver.schedules(call)
    const first = Math.min(...found.map(({ nextAt }) => nextAt ?? Number.POSITIVE_INFINITY))
    return Number.isFinite(first) ? first - nowMs : undefined
  }
  throw new RangeError('other replicas changed the schedules again and again meanwhile')
}

/** False when another replica came between. */
async function follow({ driver, keys, log }: FollowParts, call: Call): Promise<boolean> {
  const { found, nowMs } = await driver.schedules(call)
  const rows = new Map(found.map((row) => [nameOf(row), row]))
  let whole = true

  for (const { queue, name, keys: declared } of declaredSchedules(keys)) {
    const spec = makeSpec(declared, 'manifest')
    const row = rows.get(nameOf({ queue, name }))
    rows.delete(nameOf({ queue, name }))
    const written = row ? adapted(row, spec, nowMs) : { queue, name, spec: JSON.stringify(spec), nextAt: nextTick(spec.timing, nowMs), revision: 1 }
    if (written) whole = (await driver.putSchedule(written, row?.revision, [], call)) && whole
  }

  for (const row of rows.values()) {
    const spec = readSpec(row)
    if (!spec) log.warn({ queue: row.queue, schedule: row.name }, 'a schedule cannot be read and never fires; make it again, or remove it')
    else if (spec.origin === 'manifest') whole = (await driver.dropSchedule(row, call)) && whole
    else if (row.nextAt !== undefined && keys.queues?.[row.queue] === undefined) {
      log.warn({ queue: row.queue, schedule: row.name }, 'the manifest has this queue no more; its schedule, which was made over HTTP, is paused')
      whole = (await driver.putSchedule(changedRow(row, { ...spec, paused: true }, undefined), row.revision, [], call)) && whole
    }
  }
  return whole
}

/** The row as the manifest wants it; undefined when it is so. */
export function adapted(row: ScheduleRow, wanted: ReturnType<typeof makeSpec>, nowMs: number): ScheduleRow | undefined {
  const before = readSpec(row)
  const spec = { ...wanted, ...(before?.paused && { paused: before.paused }), ...(before?.lastMs !== undefined && { lastMs: before.lastMs }) }
  if (JSON.stringify(spec) === row.spec) return undefined
  const kept = before && (before.paused === true || sameTiming(before.timing, spec.timing))
  return changedRow(row, spec, kept ? row.nextAt : nextTick(spec.timing, nowMs))
}

const nameOf = ({ queue, name }: { readonly queue: string; readonly name: string }) => `${queue}/${name}`
