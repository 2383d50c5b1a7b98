import { type QueueCapability, queue } from '../../kernel/ports/queue/index.ts'
import type { Json } from '../../kernel/plugin.ts'
import { type BoundQueue, promise, type QueueCase } from './queue-case.ts'

const at = { queue: 'emails' }
const held = { ...at, token: 'x' }
const job = { ...at, id: 'x' }

/** An input of each operation that needs nothing; of one that is not here, the queue alone. */
const inputs: Readonly<Record<string, object>> = {
  enqueue: { ...at, payload: 1 }, enqueueMany: { ...at, jobs: [{ payload: 1 }] }, fail: { ...held, error: { message: 'x' } },
  ack: held, release: held, extend: { ...held, leaseMs: 1_000 }, get: job, discard: job, discardDead: { ...at, ids: ['x'] }, queues: {},
  ...Object.fromEntries(['schedule', 'putSchedule', 'dropSchedule', 'pauseSchedule', 'resumeSchedule', 'runSchedule'].map((operation) => [operation, { ...at, name: 'nightly' }])),
}
/** A value of each argument that a capability guards. */
const values: Readonly<Record<string, Json>> = { delayMs: 1, runAt: '2026-11-21T10:00:00.000Z', priority: 0, idempotencyKey: 'k', requestId: 'r', retryInMs: 1 }

function withArgument(input: object, path: string): object {
  const [list, name] = path.includes('[].') ? path.split('[].') : [undefined, path]
  const value = values[name ?? '']
  if (name === undefined || value === undefined) throw new Error(`this suite knows no value of ${path}`)
  return list === undefined ? { ...input, [name]: value } : { ...input, [list]: [{ payload: 1 }, { payload: 1, [name]: value }] }
}

/** For each capability that is not declared: whatever it guards is refused, and nothing happens. */
export function refusalCases(has: (capability: QueueCapability) => boolean): readonly QueueCase[] {
  const guarded = Object.entries(queue.operations).flatMap(([operation, { needs }]) => {
    const input = inputs[operation] ?? at
    const whole = needs?.operation && !has(needs.operation) ? [{ capability: needs.operation, operation, input }] : []
    const parts = Object.entries(needs?.arguments ?? {}).flatMap(([path, capability]) => (has(capability) ? [] : [{ capability, operation, input: withArgument(input, path) }]))
    return [...whole, ...parts]
  })
  const byOperation = [...new Set(guarded.map(({ capability }) => capability))].map((capability) => promise(`without ${capability} all that needs it is refused`, [], async (t, { queue: face }) => {
    for (const { operation, input } of guarded.filter((one) => one.capability === capability)) {
      // The operations of the port are those of the face, by name.
      const call = face[operation as keyof BoundQueue] as (input: object) => Promise<unknown>
      await t.throwsAsync(call(input), { code: 'QUEUE_UNSUPPORTED' }, operation)
    }
    t.deepEqual(await face.lease(at), { items: [] })
  }))
  return has('units') ? byOperation : [...byOperation, withoutUnits]
}

/** No operation or argument is guarded by `units`: a call's unit is. */
const withoutUnits = promise('without units nothing is staged in a unit of work', [], async (t, { queue: face, unit }) => {
  const unsupported = { code: 'QUEUE_UNSUPPORTED' }
  const { unit: open } = unit()
  await t.throwsAsync(face.enqueue({ ...at, payload: 1 }, { unit: open }), unsupported)
  await t.throwsAsync(face.enqueueMany({ ...at, jobs: [{ payload: 1 }] }, { unit: open }), unsupported)
  t.deepEqual(await face.lease(at), { items: [] })

  await face.enqueue({ ...at, payload: 1 })
  const [lease] = (await face.lease(at)).items
  await t.throwsAsync(face.ack({ ...at, token: lease?.token ?? '' }, { unit: open }), unsupported)
  t.deepEqual(await face.ack({ ...at, token: lease?.token ?? '' }), { state: 'done' })
})
