import { createHash } from 'node:crypto'
import { isoTime } from '../../time.ts'
import { addedRow } from '../new-job.ts'
import type { AddedRow } from '../driver.ts'
import type { QueueRules } from '../keys.ts'
import { judgedBefore } from '../payload.ts'
import { tickKey } from './tick-key.ts'
import type { ScheduleSpec } from './spec.ts'

/** Where a tick's job goes. */
export interface TickPlace {
  readonly queue: string
  readonly name: string
  readonly rules: QueueRules
  readonly nowMs: number
}

/** The job of a tick. Its id and its key are made of schedule and tick, so that no backend can keep two. */
export function tickRow(spec: ScheduleSpec, tickMs: number, place: TickPlace): AddedRow {
  return rowOf(spec, place, { id: tickId(place.queue, place.name, tickMs), key: tickKey(place.name, isoTime(tickMs)) })
}

/** A job that was asked for between the ticks: one for each time that somebody asks. */
export function extraRow(spec: ScheduleSpec, id: string, place: TickPlace): AddedRow {
  return rowOf(spec, place, { id, key: `${tickKey(place.name, isoTime(place.nowMs))}/${id}` })
}

function rowOf(spec: ScheduleSpec, { queue, rules, nowMs }: TickPlace, { id, key }: { readonly id: string; readonly key: string }): AddedRow {
  return addedRow({
    id, queue, nowMs, runAt: nowMs,
    ...judgedBefore(JSON.stringify(spec.payload), rules),
    priority: spec.priority, attempts: spec.attempts, key,
  }, rules)
}

/** A UUIDv7 of the tick's time; what is random in others is the hash of which tick it is. */
function tickId(queue: string, name: string, tickMs: number): string {
  const time = tickMs.toString(16).padStart(12, '0')
  const hash = createHash('sha256').update(JSON.stringify([queue, name, tickMs])).digest('hex')
  const variant = (8 + (parseInt(hash[3] ?? '0', 16) & 3)).toString(16)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hash.slice(0, 3)}-${variant}${hash.slice(4, 7)}-${hash.slice(7, 19)}`
}
