import type { Call } from '../../../call.ts'
import type { Clock } from '../../../clock.ts'
import type { Log } from '../../../log.ts'
import type { PortParts } from '../../definition.ts'
import type { QueueCapability } from '../capabilities.ts'
import { declaredIn } from '../declared.ts'
import { figuresOf, type QueueFigures } from '../figures.ts'
import { rulesOf, type QueueKeys, type QueueRules } from '../keys.ts'
import { Waiting } from '../waiting.ts'
import type { BrokerQueue } from './driver.ts'
import { Ended } from './ended.ts'
import { HeldJobs } from './held.ts'

/** Callers that may wait for jobs of one binding at once. */
const maxWaiting = 4096
/** Jobs that are held at once, and how large they may be together. */
const maxHeld = 10_000
const maxHeldBytes = 256 * 1024 ** 2
/** While somebody waits one queue is looked into each time: the net under wake-ups that got lost, and under what comes back by itself. */
const pollMs = 1_000
/** Wake-ups that are set for a time of their own. */
const maxTimers = 1_000

export type BrokerParts = PortParts<BrokerQueue, QueueKeys, QueueCapability>

/** What the operations of one binding over a broker share. */
export interface BrokerContext {
  readonly driver: BrokerQueue
  readonly binding: string
  readonly clock: Clock
  readonly log: Log
  /** @throws QUEUE_NOT_FOUND when the manifest declares no such queue. */
  rulesOf(queue: string): QueueRules
  /** Undefined for a queue that the manifest does not declare. */
  figures(queue: string): QueueFigures | undefined
  readonly waiting: Waiting
  readonly held: HeldJobs
  readonly ended: Ended
  /** A number in [0, 1). */
  readonly random: () => number
  readonly closed: () => boolean
  /** Somebody began to wait. */
  attend(): void
  /** Whoever waits on this queue looks again after so long. */
  wakeIn(queue: string, delayMs: number): void
}

export function makeBrokerContext(parts: BrokerParts): BrokerContext {
  const { driver, binding, clock, log, meters, onDrain, onClose } = parts
  const rules = rulesOf(parts.keys)
  const waiting = new Waiting(clock, maxWaiting)
  const silences = [...rules.keys()].map((queue) => driver.onWake(queue, () => waiting.wake(queue)))
  const timers = new Set<() => void>()
  let polling = false
  let closed = false

  const letGo = () => {
    closed = true
    waiting.close()
  }
  onDrain?.(letGo)
  onClose(() => {
    letGo()
    for (const silence of silences) silence()
    for (const takeBack of timers) takeBack()
  })

  const later = (delayMs: number, task: () => void) => {
    if (closed) return
    const takeBack = clock.after(delayMs, () => {
      timers.delete(takeBack)
      task()
    })
    timers.add(takeBack)
  }
  const attend = () => {
    if (polling) return
    polling = true
    later(pollMs, () => {
      polling = false
      if (!waiting.any) return
      waiting.wakeSome(1)
      attend()
    })
  }

  return {
    driver, binding, clock, log, waiting, attend,
    held: new HeldJobs(clock, maxHeld, maxHeldBytes),
    ended: new Ended(),
    random: Math.random,
    closed: () => closed,
    rulesOf: declaredIn(rules, binding),
    figures: figuresOf(meters, rules.keys()),
    wakeIn(queue, delayMs) {
      if (timers.size < maxTimers) later(delayMs, () => driver.wake(queue))
    },
  }
}

/** The call of what the queue does on its own account. */
export function ownCall(timeoutMs: number): Call {
  const untilMs = performance.now() + timeoutMs
  return { signal: new AbortController().signal, remainingMs: () => Math.max(0, untilMs - performance.now()), traceId: 'queue-broker', text: false, degrade: () => undefined }
}
