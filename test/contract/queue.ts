import type { QueueCapability } from '../../kernel/ports/queue/index.ts'
import type { QueueCase } from './queue-case.ts'
import { byteCases } from './queue-bytes.ts'
import { coreCases } from './queue-core.ts'
import { lifeCases } from './queue-life.ts'
import { limitCases } from './queue-limits.ts'
import { operatingCases } from './queue-operating.ts'
import { refusalCases } from './queue-refusals.ts'
import { scheduleCases } from './queue-schedules.ts'

export { contractQueues } from './queue-case.ts'
export type { BoundQueue, QueueCase, QueueHarness, QueueParts } from './queue-case.ts'

/** Every promise of the port, with the capabilities that each needs. */
export const queueContract: readonly QueueCase[] = [...coreCases, ...lifeCases, ...limitCases, ...operatingCases, ...scheduleCases, ...byteCases]

/** The cases for a driver that declares these: what they promise holds, and all the rest is refused. */
export function queueCases(declared: readonly string[]): readonly QueueCase[] {
  const has = (capability: QueueCapability) => declared.includes(capability)
  return [...queueContract.filter(({ needs }) => needs.every(has)), ...refusalCases(has)]
}
