import { unsupported } from '../../../errors.ts'
import type { QueueCapability } from '../capabilities.ts'
import type { QueueOperations } from '../operations.ts'
import { adding } from './adding.ts'
import { type BrokerParts, makeBrokerContext } from './context.ts'
import { Ending } from './ending.ts'
import { leasing } from './leasing.ts'
import { Taking } from './taking.ts'
import { verbs } from './verbs.ts'

/** What no broker can do; a binding refuses it before it comes here. */
const beyond = {
  get: 'inspect', list: 'inspect', counts: 'inspect', queues: 'inspect', redrive: 'deadLetters', discard: 'cancel', discardDead: 'cancel', pause: 'pause', resume: 'pause',
  schedules: 'schedules', schedule: 'schedules', putSchedule: 'schedules', dropSchedule: 'schedules', pauseSchedule: 'schedules', resumeSchedule: 'schedules', runSchedule: 'schedules',
} as const satisfies Partial<Record<keyof QueueOperations, QueueCapability>>

/** The meaning of the operations over a broker. */
export function implementBroker(parts: BrokerParts): QueueOperations {
  // Run after what the context closes.
  let releaseHeld = () => Promise.resolve()
  parts.onClose(() => releaseHeld())
  const context = makeBrokerContext(parts)
  const ending = new Ending(context)
  const taking = new Taking(context, ending)
  const { releaseAll, ...ofHolders } = verbs(context, taking, ending)
  releaseHeld = () => releaseAll(context.held.all)

  const refused = Object.fromEntries(Object.entries(beyond).map(([what, capability]) => [what, async (): Promise<never> => {
    throw unsupported('queue', { binding: parts.binding, what, capability })
  }])) as Record<keyof typeof beyond, () => Promise<never>>
  return { ...adding(context), ...leasing({ context, taking, release: releaseAll }), ...ofHolders, ...refused }
}
