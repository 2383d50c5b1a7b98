import type { Call } from '../../../call.ts'
import { makeUnit } from '../../../binding/unit.ts'
import { makeUuids } from '../../uuid.ts'
import type { QueueContext } from '../context.ts'
import type { ScheduleRow } from '../driver.ts'
import { queueError } from '../errors.ts'
import { toJob } from '../job.ts'
import type { QueueOperations } from '../operations.ts'
import { refuse } from '../payload.ts'
import type { Schedule, ScheduleAt } from '../shapes.ts'
import { QueueStage } from '../stage.ts'
import { faultOfTiming, judgeScheduled } from './faults.ts'
import { adapted } from './following.ts'
import { maxSchedules } from './keys.ts'
import { changedRow, isKnown, makeSpec, readSpec, type ScheduleSpec, toSchedule } from './spec.ts'
import { extraRow } from './ticks.ts'
import { nextTick } from './timing.ts'

const maxTries = 8

type SchedulingOperations = Pick<QueueOperations, 'schedules' | 'schedule' | 'putSchedule' | 'dropSchedule' | 'pauseSchedule' | 'resumeSchedule' | 'runSchedule'>

/** Schedules as callers see and change them. */
export function scheduling(context: QueueContext): SchedulingOperations {
  const { driver, upkeep } = context
  const newId = makeUuids(context.clock)

  async function look({ queue, name }: ScheduleAt, call: Call) {
    const { found, nowMs } = await driver.schedules(call, { queue, name })
    return { nowMs, row: found[0] }
  }

  /** @throws QUEUE_SCHEDULE_NOT_FOUND, also for one that cannot be read: it can be made again, or removed. */
  async function find(at: ScheduleAt, call: Call) {
    const { row, nowMs } = await look(at, call)
    const spec = row && readSpec(row)
    if (!spec) throw queueError('QUEUE_SCHEDULE_NOT_FOUND', at)
    return { row, spec, nowMs }
  }

  /** Reads the schedule, lets `decide` say what to write, and writes that if nothing changed meanwhile. How it is then. */
  async function change(at: ScheduleAt, call: Call, decide: (row: ScheduleRow, spec: ScheduleSpec, nowMs: number) => ScheduleRow | undefined): Promise<Schedule> {
    context.rulesOf(at.queue)
    for (let tries = 0; tries < maxTries; tries++) {
      const { row, spec, nowMs } = await find(at, call)
      const written = await write(decide(row, spec, nowMs) ?? row, row, nowMs, call)
      if (written) return written
    }
    throw busy(at)
  }

  /** The schedule once it is written; undefined when another came between. What cannot be told is not written. */
  async function write(next: ScheduleRow, before: ScheduleRow | undefined, nowMs: number, call: Call): Promise<Schedule | undefined> {
    const answer = toSchedule(next)
    if (next !== before && !(await driver.putSchedule(next, before?.revision, [], call))) return undefined
    if (next.nextAt !== undefined) upkeep.note(next.nextAt - nowMs)
    return answer
  }

  return {
    async schedules({ queue }, call) {
      context.rulesOf(queue)
      await upkeep.settle()
      const { found } = await driver.schedules(call)
      return { items: found.filter((row) => row.queue === queue && readSpec(row)).map(toSchedule).sort((a, b) => (a.name < b.name ? -1 : 1)) }
    },

    async schedule(at, call) {
      context.rulesOf(at.queue)
      await upkeep.settle()
      return toSchedule((await find(at, call)).row)
    },

    async putSchedule({ queue, name, ...wanted }, call) {
      const at = { queue, name }
      const fault = faultOfTiming(wanted, 'everyMs')
      if (fault) refuse('putSchedule', fault.on === undefined ? '' : `/${fault.on}`, fault.message)
      judgeScheduled(wanted.payload ?? null, '/payload', queue, context.rulesOf(queue))
      const spec = makeSpec(wanted, 'http')

      for (let tries = 0; tries < maxTries; tries++) {
        const { row, nowMs } = await look(at, call)
        if (row && readSpec(row)?.origin === 'manifest') throw queueError('QUEUE_SCHEDULE_OF_MANIFEST', { ...at, binding: context.binding })
        if (!row && (await driver.schedules(call)).found.length >= maxSchedules) throw queueError('QUEUE_TOO_MANY_SCHEDULES', { binding: context.binding, max: maxSchedules })
        const next = row ? (adapted(row, spec, nowMs) ?? row) : { ...at, spec: JSON.stringify(spec), nextAt: nextTick(spec.timing, nowMs), revision: 1 }
        const written = await write(next, row, nowMs, call)
        if (written) return { ...written, created: !row }
      }
      throw busy(at)
    },

    async dropSchedule(at, call) {
      context.rulesOf(at.queue)
      for (let tries = 0; tries < maxTries; tries++) {
        const { row } = await look(at, call)
        if (!row) throw queueError('QUEUE_SCHEDULE_NOT_FOUND', at)
        if (readSpec(row)?.origin === 'manifest') throw queueError('QUEUE_SCHEDULE_OF_MANIFEST', { ...at, binding: context.binding })
        if (await driver.dropSchedule(row, call)) return { state: 'removed' }
      }
      throw busy(at)
    },

    async pauseSchedule(at, call) {
      return change(at, call, (row, spec) => (row.nextAt === undefined ? undefined : changedRow(row, { ...spec, paused: true }, undefined)))
    },

    async resumeSchedule(at, call) {
      return change(at, call, (row, { paused, ...spec }, nowMs) => {
        if (!isKnown(spec.timing)) refuse('resumeSchedule', '/name', 'has a time that this version does not know; give it another first')
        return paused ? changedRow(row, spec, nextTick(spec.timing, nowMs)) : undefined
      })
    },

    async runSchedule(at, call) {
      const rules = context.rulesOf(at.queue)
      const { spec, nowMs } = await find(at, call)
      const job = extraRow(spec, newId(), { ...at, rules, nowMs })
      const unit = makeUnit()
      QueueStage.in(unit, context).rows.push(job)
      await unit.commit(call)
      return toJob(job, call.text)
    },
  }
}

function busy({ queue, name }: ScheduleAt): Error {
  return queueError('QUEUE_SCHEDULE_BUSY', { queue, name }, { retryAfterMs: 100 })
}
