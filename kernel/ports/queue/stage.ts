import type { Refusal, Stage, Unit } from '../../binding/unit.ts'
import { unsupported } from '../../errors.ts'
import type { QueueContext } from './context.ts'
import type { Acked, AddedRow } from './driver.ts'
import { queueError } from './errors.ts'
import { leasedAt } from './job.ts'

/** What one unit of work does to the queues of one binding. */
export class QueueStage implements Stage<unknown> {
  readonly binding: string
  readonly rows: AddedRow[] = []
  readonly acks: Acked[] = []
  readonly #context: QueueContext
  /** How many steps each ack takes; the rows come after them. */
  #ackSteps: readonly number[] = []

  constructor(context: QueueContext) {
    this.#context = context
    this.binding = context.binding
  }

  static in(unit: Unit, context: QueueContext): QueueStage {
    return unit.join(context.driver.commits, context.binding, () => new QueueStage(context))
  }

  /** As `in`, for a unit that the caller gave. @throws QUEUE_UNSUPPORTED without the capability `units` */
  static ofCaller(unit: Unit, context: QueueContext, what: string): QueueStage {
    if (!context.capabilities.has('units')) throw unsupported('queue', { binding: context.binding, what: `${what} in a unit of work`, capability: 'units' })
    return QueueStage.in(unit, context)
  }

  steps(): readonly unknown[] {
    const { driver } = this.#context
    const acked = this.acks.map((done) => driver.ackSteps(done))
    this.#ackSteps = acked.map(({ length }) => length)
    return [...acked.flat(), ...driver.insert(this.rows)]
  }

  refused({ step }: Refusal): Error {
    let before = 0
    for (const [at, steps] of this.#ackSteps.entries()) {
      before += steps
      const done = this.acks[at]
      if (!done || step >= before) continue
      const figures = this.#context.figures(done.queue)
      if (figures) figures.lostLeases.value++
      return queueError('QUEUE_LEASE_LOST', { queue: done.queue, id: done.id })
    }
    return queueError('QUEUE_KEY_RACED', { queue: this.rows.find((row) => row.key !== undefined)?.queue ?? '' })
  }

  committed(): void {
    added(this.#context, this.rows)
    const nowMs = this.#context.time.now()
    for (const { queue, token } of this.acks) {
      this.#context.figures(queue)?.ended('done', leasedAt(token), nowMs)
      this.#context.roomIn(queue)
    }
  }
}

/** These jobs are durable: they count, whoever waits for them is told, and the upkeep of when they are due. */
export function added({ driver, upkeep, time, figures }: QueueContext, rows: readonly AddedRow[]): void {
  const nowMs = time.now()
  for (const row of rows) {
    const counted = figures(row.queue)
    if (counted) counted.enqueued.value++
    if (row.state === 'scheduled') upkeep.note(row.runAt - nowMs)
    if (row.deadlineAt !== undefined) upkeep.note(row.deadlineAt - nowMs)
  }
  for (const queue of new Set(rows.filter((row) => row.state === 'ready').map((row) => row.queue))) driver.wake(queue)
}
