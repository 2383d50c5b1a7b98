import type { PortParts } from '../definition.ts'
import { adding } from './adding.ts'
import type { QueueCapability } from './capabilities.ts'
import { makeContext } from './context.ts'
import type { QueueDriver } from './driver.ts'
import { inspecting } from './inspecting.ts'
import type { QueueKeys } from './keys.ts'
import { leasing } from './leasing.ts'
import type { QueueOperations } from './operations.ts'
import { operating } from './operating.ts'
import { verbs } from './verbs.ts'

/** The meaning of the operations over any driver. */
export function implementQueue(parts: PortParts<QueueDriver, QueueKeys, QueueCapability>): QueueOperations {
  const context = makeContext(parts)
  return { ...adding(context), ...leasing(context), ...verbs(context), ...inspecting(context), ...operating(context) }
}
