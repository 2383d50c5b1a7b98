import type { Call } from '../../../call.ts'
import { makeUnit } from '../../../binding/unit.ts'
import type { QueueContext } from '../context.ts'
import type { ScheduleRow } from '../driver.ts'
import { queueError } from '../errors.ts'
import { toJob } from '../job.ts'
import type { QueueOperations } from '../operations.ts'
import { judgePayload, refuse } from '../payload.ts'
import type { ScheduleAt } from '../shapes.ts'
import { QueueStage } from '../stage.ts'
import { faultOfTiming } from './faults.ts'
import { adapted } from './following.ts'
import { maxSchedules } from './keys.ts'
import { changedRow, makeSpec, parseSpec, toSchedule } from './spec.ts'
import { tickRow } from './ticks.ts'
import { nextTick } from './timing.ts'

const maxTries = 8

type SchedulingOperations = Pick<QueueOperations, 'schedules' | 'schedule' | 'putSchedule' | 'dropSchedule' | 'pauseSchedule' | 'resumeSchedule' | 'runSchedule'>

/** Schedules as callers see and change them. */
export function scheduling(context: QueueContext): SchedulingOperations {
  const { driver, upkeep } = context

  async function look({ queue, name }: ScheduleAt, call: Call) {
    const { found, nowMs } = await driver.schedules(call)
    return { count: found.length, nowMs, row: found.find((row) => row.queue === queue && row.name === name) }
  }

  /** Reads the schedule, lets `decide` say what to write, and writes that if nothing changed meanwhile; without a change it answers the row. */
  async function change(at: ScheduleAt, call: Call, decide: (row: ScheduleRow, nowMs: number) => ScheduleRow | undefined): Promise<ScheduleRow> {
    context.rulesOf(at.queue)
    for (let tries = 0; tries < maxTries; tries++) {
      const { row, nowMs } = await look(at, call)
      if (!row) throw queueError('QUEUE_SCHEDULE_NOT_FOUND', at)
      const next = decide(row, nowMs)
      if (!next) return row
      if (await driver.putSchedule(next, row.revision, [], call)) return noted(next, nowMs)
    }
    throw busy(at)
  }

  function noted(row: ScheduleRow, nowMs: number): ScheduleRow {
    if (row.nextAt !== undefined) upkeep.note(row.nextAt - nowMs)
    return row
  }

  return {
    async schedules({ queue }, call) {
      context.rulesOf(queue)
      await upkeep.settle()
      const { found } = await driver.schedules(call)
      return { items: found.filter((row) => row.queue === queue).map(toSchedule).sort((a, b) => (a.name < b.name ? -1 : 1)) }
    },

    async schedule(at, call) {
      context.rulesOf(at.queue)
      await upkeep.settle()
      const { row } = await look(at, call)
      if (!row) throw queueError('QUEUE_SCHEDULE_NOT_FOUND', at)
      return toSchedule(row)
    },

    async putSchedule({ queue, name, ...wanted }, call) {
      const at = { queue, name }
      const fault = faultOfTiming(wanted, 'everyMs')
      if (fault) refuse('putSchedule', fault.on === undefined ? '' : `/${fault.on}`, fault.message)
      judgePayload(wanted.payload ?? null, { operation: 'putSchedule', path: '/payload', queue }, context.rulesOf(queue))
      const spec = makeSpec(wanted, 'http')

      for (let tries = 0; tries < maxTries; tries++) {
        const { row, nowMs, count } = await look(at, call)
        if (row && parseSpec(row).origin === 'manifest') throw queueError('QUEUE_SCHEDULE_OF_MANIFEST', { ...at, binding: context.binding })
        if (!row && count >= maxSchedules) throw queueError('QUEUE_TOO_MANY_SCHEDULES', { binding: context.binding, max: maxSchedules })
        const next = row ? adapted(row, spec, nowMs) : { ...at, spec: JSON.stringify(spec), nextAt: nextTick(spec.timing, nowMs), revision: 1 }
        if (row && !next) return { ...toSchedule(row), created: false }
        if (next && (await driver.putSchedule(next, row?.revision, [], call))) return { ...toSchedule(noted(next, nowMs)), created: !row }
      }
      throw busy(at)
    },

    async dropSchedule(at, call) {
      context.rulesOf(at.queue)
      for (let tries = 0; tries < maxTries; tries++) {
        const { row } = await look(at, call)
        if (!row) throw queueError('QUEUE_SCHEDULE_NOT_FOUND', at)
        if (parseSpec(row).origin === 'manifest') throw queueError('QUEUE_SCHEDULE_OF_MANIFEST', { ...at, binding: context.binding })
        if (await driver.dropSchedule(row, call)) return { state: 'removed' }
      }
      throw busy(at)
    },

    async pauseSchedule(at, call) {
      return toSchedule(await change(at, call, (row) => (row.nextAt === undefined ? undefined : changedRow(row, { ...parseSpec(row), paused: true }, undefined))))
    },

    async resumeSchedule(at, call) {
      return toSchedule(await change(at, call, (row, nowMs) => {
        const { paused, ...spec } = parseSpec(row)
        return paused ? changedRow(row, spec, nextTick(spec.timing, nowMs)) : undefined
      }))
    },

    async runSchedule(at, call) {
      const rules = context.rulesOf(at.queue)
      const { row, nowMs } = await look(at, call)
      if (!row) throw queueError('QUEUE_SCHEDULE_NOT_FOUND', at)
      const job = tickRow(parseSpec(row), nowMs, { ...at, rules, nowMs })
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
