import { isPorticoError } from '../../../errors.ts'
import type { Json } from '../../../json.ts'
import type { KeyFault } from '../../definition.ts'
import type { QueueCapability } from '../capabilities.ts'
import { rulesOf, type QueueKeys, type QueueRules } from '../keys.ts'
import { judgePayload, refuse } from '../payload.ts'
import { maxPayloadBytes, maxSchedules, type ScheduleKeys } from './keys.ts'
import { faultOfCron } from './timing.ts'

interface Declared {
  readonly queue: string
  readonly name: string
  readonly keys: ScheduleKeys
}

/** Every schedule of the manifest. */
export function declaredSchedules({ queues = {} }: QueueKeys): readonly Declared[] {
  return Object.entries(queues).flatMap(([queue, { schedules = {} }]) => Object.entries(schedules).map(([name, keys]) => ({ queue, name, keys })))
}

export function demandsOfSchedules({ queues = {} }: QueueKeys): readonly { readonly capability: QueueCapability; readonly path: readonly string[] }[] {
  return Object.entries(queues).flatMap(([name, { schedules }]) => (schedules === undefined ? [] : [{ capability: 'schedules' as const, path: ['queues', name, 'schedules'] }]))
}

/** What is wrong with the time of a schedule; `on` is the key that it stands at, undefined for the schedule as a whole. */
export function faultOfTiming({ cron, timezone, everyMs }: Pick<ScheduleKeys, 'cron' | 'timezone' | 'everyMs'>, every: string): { readonly on?: string; readonly message: string } | undefined {
  if (cron === undefined && everyMs === undefined) return { message: `needs a time: \`cron\` or \`${every}\`` }
  if (cron !== undefined && everyMs !== undefined) return { on: every, message: 'cannot stand beside `cron`' }
  if (cron === undefined) return timezone === undefined ? undefined : { on: 'timezone', message: 'means nothing without `cron` beside it' }
  const fault = faultOfCron(cron, timezone ?? 'UTC')
  return fault && { on: fault.field, message: fault.message }
}

/** @throws what `judgePayload` does · INPUT_INVALID for one that is small enough for the queue, and too large for a schedule. */
export function judgeScheduled(payload: Json, path: string, queue: string, rules: QueueRules): void {
  const { text } = judgePayload(payload, { operation: 'putSchedule', path, queue }, rules)
  if (Buffer.byteLength(text) > maxPayloadBytes) refuse('putSchedule', path, `must be at most ${maxPayloadBytes / 1_024} KiB of JSON in a schedule; let it name what the job needs`)
}

export function faultsOfSchedules(keys: QueueKeys): readonly KeyFault[] {
  const declared = declaredSchedules(keys)
  if (declared.length === 0) return []
  if (declared.length > maxSchedules) return [{ path: ['queues'], message: `has ${declared.length} schedules; a binding may have ${maxSchedules}` }]

  const rules = rulesOf(keys)
  return declared.flatMap((one) => {
    const path = ['queues', one.queue, 'schedules', one.name]
    const timing = faultOfTiming(one.keys, 'every')
    const payload = faultOfPayload(one, rules.get(one.queue))
    return [
      ...(timing ? [{ path: timing.on === undefined ? path : [...path, timing.on], message: timing.message }] : []),
      ...(payload === undefined ? [] : [{ path: one.keys.payload === undefined ? path : [...path, 'payload'], message: payload }]),
    ]
  })
}

function faultOfPayload({ queue, keys }: Declared, rules: QueueRules | undefined): string | undefined {
  if (!rules) return undefined
  try {
    judgeScheduled(keys.payload ?? null, '', queue, rules)
    return undefined
  } catch (error) {
    if (!isPorticoError(error)) throw error
    const [first] = error.errors
    return first ? `${first.path === '' ? '' : `${first.path} `}${first.message}` : error.message
  }
}
