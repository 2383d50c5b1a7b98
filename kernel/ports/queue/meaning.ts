import type { PortParts } from '../definition.ts'
import { adding } from './adding.ts'
import { implementBroker } from './broker/meaning.ts'
import type { QueueCapability } from './capabilities.ts'
import { makeContext } from './context.ts'
import type { QueueDriver, RowQueue } from './driver.ts'
import { inspecting } from './inspecting.ts'
import type { QueueKeys } from './keys.ts'
import { leasing } from './leasing.ts'
import type { QueueOperations } from './operations.ts'
import { operating } from './operating.ts'
import { verbs } from './verbs.ts'

type Parts<D extends QueueDriver> = PortParts<D, QueueKeys, QueueCapability>

/** The meaning of the operations over any driver. */
export function implementQueue(parts: Parts<QueueDriver>): QueueOperations {
  const { driver } = parts
  return driver.keeps === 'rows' ? implementRows({ ...parts, driver }) : implementBroker({ ...parts, driver })
}

function implementRows(parts: Parts<RowQueue>): QueueOperations {
  const context = makeContext(parts)
  return { ...adding(context), ...leasing(context), ...verbs(context), ...inspecting(context), ...operating(context) }
}
