import type { Call } from '../../call.ts'
import type { PortParts } from '../definition.ts'
import { adding } from './adding.ts'
import { implementBroker } from './broker/meaning.ts'
import type { QueueCapability } from './capabilities.ts'
import { makeContext, type QueueContext } from './context.ts'
import type { QueueDriver } from './driver.ts'
import { inspecting } from './inspecting.ts'
import type { QueueKeys } from './keys.ts'
import { leasing } from './leasing.ts'
import type { QueueOperations } from './operations.ts'
import { operating } from './operating.ts'
import { followSchedules } from './schedules/following.ts'
import { scheduling } from './schedules/scheduling.ts'
import { verbs } from './verbs.ts'

type Parts<D extends QueueDriver> = PortParts<D, QueueKeys, QueueCapability>

/** What was made of these parts, for what is done with them before calls come. */
const contexts = new WeakMap<Parts<QueueDriver>, QueueContext>()

/** The meaning of the operations over any driver. */
export function implementQueue(parts: Parts<QueueDriver>): QueueOperations {
  const { driver } = parts
  if (driver.keeps !== 'rows') return implementBroker({ ...parts, driver })
  const context = makeContext({ ...parts, driver })
  contexts.set(parts, context)
  return { ...adding(context), ...leasing(context), ...verbs(context), ...inspecting(context), ...operating(context), ...scheduling(context) }
}

/** Makes the schedules those of the manifest, and begins to fire them. */
export async function prepareQueue(parts: Parts<QueueDriver>, how: 'do' | 'look', call: Call): Promise<void> {
  const context = contexts.get(parts)
  if (how === 'look' || !context || !parts.capabilities.has('schedules')) return
  const firstInMs = await followSchedules({ driver: context.driver, keys: parts.keys, log: parts.log }, call)
  if (firstInMs !== undefined) context.upkeep.note(firstInMs)
}
