import type { JsonSchema } from '../../../json.ts'
import type { Operation } from '../../definition.ts'
import type { QueueCapability } from '../capabilities.ts'
import type { QueueOperations } from '../operations.ts'
import { outputs as jobOutputs, queue, time } from '../schemas.ts'
import { scheduleNamePattern } from './keys.ts'

const name: JsonSchema = { type: 'string', pattern: scheduleNamePattern }
const wanted = {
  cron: { type: 'string', minLength: 1, maxLength: 200 },
  timezone: { type: 'string', minLength: 1, maxLength: 100 },
  everyMs: { type: 'integer', minimum: 1_000, maximum: 366 * 86_400_000 },
  payload: {},
  priority: { type: 'integer', minimum: -1_000_000, maximum: 1_000_000 },
  attempts: { type: 'integer', minimum: 1, maximum: 1000 },
  misfire: { type: 'string', enum: ['skip', 'once', 'all'] },
} as const satisfies Readonly<Record<string, JsonSchema>>

const object = (properties: Readonly<Record<string, JsonSchema>>, required: readonly string[]): JsonSchema => ({ type: 'object', properties, required, additionalProperties: false })
const at = object({ queue, name }, ['queue', 'name'])
const fields = {
  queue, name, origin: { type: 'string', enum: ['manifest', 'http'] }, ...wanted,
  paused: { type: 'boolean' }, lastAt: time, next: { type: 'array', items: time },
} as const
const required = ['queue', 'name', 'origin', 'payload', 'misfire', 'paused', 'next']
const schedule = object(fields, required)
const one = '/:queue/schedules/:name'

type ScheduleOperation = 'schedules' | 'schedule' | 'putSchedule' | 'dropSchedule' | 'pauseSchedule' | 'resumeSchedule' | 'runSchedule'

export const scheduleOperations: { readonly [O in keyof Pick<QueueOperations, ScheduleOperation>]: Operation<QueueCapability> } = {
  schedules: {
    summary: 'List the schedules of a queue, with their next ticks',
    effect: 'read', idempotent: true,
    input: object({ queue }, ['queue']), output: object({ items: { type: 'array', items: schedule } }, ['items']),
    needs: { operation: 'schedules' },
    http: { method: 'GET', path: '/:queue/schedules', status: 200 },
  },
  schedule: {
    summary: 'Read a schedule',
    effect: 'read', idempotent: true,
    input: at, output: schedule,
    needs: { operation: 'schedules' },
    http: { method: 'GET', path: one, status: 200 },
  },
  putSchedule: {
    summary: 'Make or change a schedule',
    effect: 'write', idempotent: true,
    input: object({ queue, name, ...wanted }, ['queue', 'name']), output: object({ ...fields, created: { type: 'boolean' } }, [...required, 'created']),
    needs: { operation: 'schedules' },
    http: { method: 'PUT', path: one, status: { field: 'created', equals: true, then: 201, else: 200 }, answer: { omit: ['created'] } },
  },
  dropSchedule: {
    summary: 'Remove a schedule that was made over HTTP',
    effect: 'write', idempotent: false,
    input: at, output: object({ state: { type: 'string', enum: ['removed'] } }, ['state']),
    needs: { operation: 'schedules' },
    http: { method: 'DELETE', path: one, status: 204 },
  },
  pauseSchedule: {
    summary: 'Fire no ticks of a schedule until it is resumed',
    effect: 'write', idempotent: true,
    input: at, output: schedule,
    needs: { operation: 'schedules' },
    http: { method: 'POST', path: `${one}/_pause`, status: 200 },
  },
  resumeSchedule: {
    summary: 'Fire ticks again, from the next one on',
    effect: 'write', idempotent: true,
    input: at, output: schedule,
    needs: { operation: 'schedules' },
    http: { method: 'POST', path: `${one}/_resume`, status: 200 },
  },
  runSchedule: {
    summary: 'Add a job of a schedule now, whatever its ticks',
    effect: 'write', idempotent: false,
    input: at, output: jobOutputs.job,
    needs: { operation: 'schedules' },
    http: { method: 'POST', path: `${one}/_run`, status: 201, answer: { location: '/:queue/jobs/:id' } },
  },
}
