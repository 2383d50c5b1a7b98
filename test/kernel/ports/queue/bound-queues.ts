import { bind } from '../../../../kernel/binding/bind.ts'
import { OperationCall } from '../../../../kernel/binding/call.ts'
import { Deadlines } from '../../../../kernel/binding/deadlines.ts'
import { Instruments } from '../../../../kernel/binding/instruments.ts'
import { Meters } from '../../../../kernel/binding/meters.ts'
import { Generation } from '../../../../kernel/binding/swap-point.ts'
import { makeUnit } from '../../../../kernel/binding/unit.ts'
import { resolveUnits } from '../../../../kernel/manifest/units.ts'
import type { Clock } from '../../../../kernel/plugin.ts'
import { queue, type QueueCapability, type QueueDriver, type QueueKeys } from '../../../../kernel/ports/queue/index.ts'
import { queueKeysSchema } from '../../../../kernel/ports/queue/keys.ts'
import { Redaction } from '../../../../kernel/redaction.ts'
import { silentLog } from '../../../contract/log.ts'
import type { BoundQueue } from '../../../contract/queue.ts'

const noContext = { absolute: (path: string) => path, load: (document: unknown) => document, scripts: () => [] }

/** What a manifest says of the queues, as the port has it. */
export function queueKeys(queues: object): QueueKeys {
  return resolveUnits(queueKeysSchema, { queues }, noContext) as QueueKeys
}

export interface BindOptions {
  readonly keys: QueueKeys
  readonly clock: Clock
  readonly capabilities: readonly QueueCapability[]
  readonly onClose: (close: () => void | Promise<void>) => void
}

/** A binding over a driver, with nothing else of a kernel: a replica. */
export function bindQueue(driver: QueueDriver, { keys, clock, capabilities, onClose }: BindOptions): BoundQueue {
  const parts = { name: 'queue', port: queue, plugin: { name: 'tested', version: '0.1.0' } }
  const face = queue.implement?.({
    driver, keys, binding: parts.name, plugin: parts.plugin.name, clock, log: silentLog, onClose, capabilities: new Set(capabilities),
    peer: () => undefined, meters: new Meters('queue', 'queue'), importScript: () => Promise.reject(new Error('there are no scripts')),
  })
  // The binding takes the face of any port.
  const first = new Generation([{ plugin: parts.plugin, face: face as never, probed: {} }])
  const bound = bind({ ...parts, first, capabilities, expose: true, optional: false, instruments: new Instruments(), deadlines: new Deadlines(), log: silentLog, redaction: new Redaction() })
  return bound.face as BoundQueue
}

/** An open unit of work, and its commit. */
export function openUnit() {
  const unit = makeUnit()
  return { unit, commit: () => unit.commit(new OperationCall(undefined, 0)) }
}
