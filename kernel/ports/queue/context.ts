import type { PortParts } from '../definition.ts'
import { BackendClock } from './backend-clock.ts'
import type { QueueCapability } from './capabilities.ts'
import { declaredIn } from './declared.ts'
import { Depth } from './depth.ts'
import type { RowQueue } from './driver.ts'
import { figuresOf, type QueueFigures } from './figures.ts'
import { defaultRules, rulesOf, type QueueKeys, type QueueRules } from './keys.ts'
import { Firing } from './schedules/firing.ts'
import { ownCall, Upkeep } from './upkeep.ts'
import { Waiting } from './waiting.ts'

/** Callers that may wait for jobs of one binding at once. */
const maxWaiting = 4096
/** Queues that are looked into at each look of the upkeep: less than one backend call a second in all. */
const maxPolls = 3
/** Queues that one look of the upkeep can tell of. */
const maxWaitedOn = 16

/** What the operations of one binding share. */
export interface QueueContext extends Pick<PortParts<RowQueue, QueueKeys, QueueCapability>, 'driver' | 'binding' | 'clock' | 'capabilities'> {
  /** @throws QUEUE_NOT_FOUND when the manifest declares no such queue. */
  rulesOf(queue: string): QueueRules
  /** Those that the manifest declares, in its order. */
  readonly queues: readonly string[]
  /** A job of it is active no more: where a limit held others back, whoever waits looks again. */
  roomIn(queue: string): void
  /** Undefined for a queue that the manifest does not declare. */
  figures(queue: string): QueueFigures | undefined
  /** By which jobs are due; `clock` is the process's own. */
  readonly time: BackendClock
  readonly waiting: Waiting
  readonly upkeep: Upkeep
  /** A number in [0, 1). */
  readonly random: () => number
  readonly closed: () => boolean
}

export function makeContext(parts: PortParts<RowQueue, QueueKeys, QueueCapability>): QueueContext {
  const { driver, binding, clock, log, meters, onDrain, onClose } = parts
  const rules = rulesOf(parts.keys)
  const figures = figuresOf(meters, rules.keys())
  const depth = parts.capabilities.has('inspect') ? new Depth({ driver, clock, log, meters, queues: rules.keys(), call: ownCall() }) : undefined
  const waiting = new Waiting(clock, maxWaiting)
  const time = new BackendClock(clock)
  // A job may be in a queue that the manifest no longer declares: it still ends by the usual rules.
  const ofAny = (queue: string) => rules.get(queue) ?? defaultRules
  const added = (queue: string, jobs: number) => {
    const counted = figures(queue)
    if (counted) counted.enqueued.value += jobs
  }
  const firing = new Firing({ driver, log, rules: ofAny, added })
  const upkeep = new Upkeep({
    driver, clock, time, log,
    rules: ofAny,
    fire: (call) => firing.fireDue(call),
    lapsed: (before, after) => figures(before.queue)?.lapsed(before, after),
    ready: (queues = rules.keys()) => {
      for (const queue of queues) driver.wake(queue)
    },
    wake: (queue) => waiting.wake(queue),
    poll: () => waiting.wakeSome(maxPolls),
    waitedOn: () => waiting.some(maxWaitedOn),
    awaited: () => waiting.any,
  })
  const silences = [...rules.keys()].map((queue) => driver.onWake(queue, () => waiting.wake(queue)))
  let closed = false

  const letGo = () => {
    closed = true
    waiting.close()
  }
  onDrain?.(letGo)
  onClose(async () => {
    letGo()
    for (const silence of silences) silence()
    await Promise.all([upkeep.close(), depth?.close()])
  })

  return {
    driver, binding, clock, time, waiting, upkeep, figures,
    capabilities: parts.capabilities,
    queues: [...rules.keys()],
    random: Math.random,
    closed: () => closed,
    roomIn(queue) {
      if (rules.get(queue)?.limits) driver.wake(queue)
    },
    rulesOf: declaredIn(rules, binding),
  }
}
