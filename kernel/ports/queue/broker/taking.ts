import { randomBytes } from 'node:crypto'
import type { JobRow } from '../driver.ts'
import type { QueueRules } from '../keys.ts'
import { crashed } from '../states.ts'
import type { BrokerContext } from './context.ts'
import { ownCall } from './context.ts'
import type { BrokerDelivery } from './driver.ts'
import type { Ending } from './ending.ts'
import { toRow } from './envelope.ts'
import type { HeldJob } from './held.ts'

/** Returns of one message that are counted one by one. */
const maxReturns = 1_000
/** What goes back to its queue is there a moment later. */
const backMs = 10
const endingMs = 10_000

interface Wanted {
  readonly queue: string
  readonly leaseMs: number
  readonly worker: string | undefined
}

/** A message becomes a leased job, or leaves the line. */
export class Taking {
  readonly #context: BrokerContext
  readonly #ending: Ending

  constructor(context: BrokerContext, ending: Ending) {
    this.#context = context
    this.#ending = ending
  }

  /** The jobs among these messages, each leased. What is no job, is given up, or was ended before goes where it belongs. */
  async lease(deliveries: readonly BrokerDelivery[], wanted: Wanted): Promise<readonly HeldJob[]> {
    const leased: HeldJob[] = []
    const leaving: Promise<void>[] = []
    for (const delivery of deliveries) {
      const held = this.#judge(delivery, wanted)
      if (typeof held === 'function') leaving.push(this.#leave(delivery, held))
      else leased.push(held)
    }
    await Promise.all(leaving)
    // Taken on several channels at once.
    return leased.sort(({ row: a }, { row: b }) => a.rank - b.rank || (a.id < b.id ? -1 : 1))
  }

  /** The lease, or how the message leaves. */
  #judge(delivery: BrokerDelivery, wanted: Wanted): HeldJob | (() => Promise<void>) {
    const { clock, held, ended, rulesOf, log } = this.#context
    const rules = rulesOf(wanted.queue)
    const figures = this.#context.figures(wanted.queue)
    const call = ownCall(endingMs)
    const found = toRow(delivery, rules)
    if (typeof found === 'string') {
      log.warn({ queue: wanted.queue, reason: found }, 'a message in the queue is no job; it is set aside among the dead letters')
      return () => this.#ending.setAside(delivery, found, call)
    }
    // What was ended here, or is held here in another message, is a double. One that follows on what is held is the job as it goes on:
    // it may be here before the verb that sent it has its answer.
    if (ended.has(found.id, found.revision) || held.holds(found.id, found.revision)) return () => delivery.ack(call)

    const row = asItIs(found, delivery.returns, clock.now(), rules)
    // The latest return is the one that nobody has noticed before.
    if (delivery.returns > 0) figures?.lapsed({ ...found, state: 'active' }, row)
    if (row.state === 'dead') return () => this.#ending.moved(row, delivery, call)
    ended.from(row.id, row.revision)
    return this.#hold(row, delivery, wanted)
  }

  #hold(row: JobRow, delivery: BrokerDelivery, { leaseMs, worker }: Wanted): HeldJob {
    const { clock, driver, held } = this.#context
    const nowMs = clock.now()
    const leaseUntil = nowMs + Math.min(leaseMs, driver.maxHoldMs)
    const token = randomBytes(16).toString('hex')
    const job: HeldJob = { row: { ...row, state: 'active', attempt: row.attempt + 1, token, worker, leaseUntil, dueAt: leaseUntil }, delivery, sinceMs: nowMs, over: false, takeBack: () => undefined }
    held.add(job)
    this.arm(job)
    return job
  }

  /** Sees to the end of the lease, as it now is. */
  arm(job: HeldJob): void {
    const { clock } = this.#context
    job.takeBack()
    job.takeBack = clock.after((job.row.leaseUntil ?? 0) - clock.now(), () => this.over(job))
  }

  /** The lease is over: the broker gets the job back, as one that its worker was lost with. */
  over(job: HeldJob): void {
    job.over = true
    if (job.ending) return
    this.#context.held.drop(job)
    if (!job.delivery.live) return
    job.delivery.giveBack()
    this.#context.wakeIn(job.row.queue, backMs)
  }

  async #leave(delivery: BrokerDelivery, how: () => Promise<void>): Promise<void> {
    try {
      await how()
    } catch (error) {
      this.#context.log.warn({ err: error, queue: delivery.queue }, 'a message could not be taken out of the line; it is tried again')
      if (delivery.live) delivery.giveBack()
    }
  }
}

/** A message as it is after so many returns, each of them an attempt whose worker was lost. */
function asItIs(found: JobRow, returns: number, nowMs: number, rules: QueueRules): JobRow {
  let row = found
  for (let at = 0; at < Math.min(returns, maxReturns) && row.state !== 'dead'; at++) {
    row = crashed({ ...row, state: 'active', attempt: row.attempt + 1, leaseUntil: nowMs, dueAt: nowMs }, rules)
  }
  return row
}
