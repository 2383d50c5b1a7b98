import type { Json, JsonSchema } from '../../../json.ts'
import { durationSchema } from '../../../manifest/units.ts'
import { mostLate } from './misfire.ts'

/** What the manifest says of one schedule. */
export interface ScheduleKeys {
  readonly cron?: string
  readonly timezone?: string
  readonly everyMs?: number
  readonly payload?: Json
  readonly priority?: number
  readonly attempts?: number
  readonly misfire?: 'skip' | 'once' | 'all'
}

/** Schedules of one binding. */
export const maxSchedules = 1_000

/** Of a schedule's payload as JSON: all schedules are read at each tick. */
export const maxPayloadBytes = 65_536

export const scheduleNamePattern = '^[a-z][a-z0-9_-]{0,39}$'

export const schedulesSchema: JsonSchema = {
  type: 'object',
  description: 'Jobs that are added when their time comes, once over all replicas; by name.',
  propertyNames: { pattern: scheduleNamePattern },
  maxProperties: maxSchedules,
  additionalProperties: {
    type: 'object',
    additionalProperties: false,
    description: 'When a job is added, and with what.',
    properties: {
      cron: { type: 'string', minLength: 1, maxLength: 200, description: 'Five fields: minute, hour, day, month, weekday; `0 3 * * *` is three o\'clock.' },
      timezone: { type: 'string', minLength: 1, maxLength: 100, description: 'By whose clocks `cron` goes: `Europe/Berlin`; UTC unless set.' },
      every: { ...durationSchema, 'x-min': 1_000, 'x-max': 366 * 86_400_000, description: 'In place of `cron`: at each multiple of this time since 1970 in UTC.' },
      payload: { description: 'Of each job, 64 KiB at most; null unless set.' },
      priority: { type: 'integer', minimum: -1_000_000, maximum: 1_000_000, description: 'Of each job; 0 unless set.' },
      attempts: { type: 'integer', minimum: 1, maximum: 1000, description: 'Of each job; the queue\'s unless set.' },
      misfire: { type: 'string', enum: ['skip', 'once', 'all'], description: `What becomes of ticks that nobody was there to fire: \`once\` (unless set) adds one job for all of them, \`skip\` leaves them out, \`all\` one for each, the latest ${mostLate} at most.` },
    },
  },
}
