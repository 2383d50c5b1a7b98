import type { StartedBinding } from '../binding/bind.ts'
import { OperationCall } from '../binding/call.ts'
import { makeUnit } from '../binding/unit.ts'
import type { Clock } from '../clock.ts'
import { kernelError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { BindingSpec } from '../manifest/types.ts'
import type { Redaction } from '../redaction.ts'
import { resolveName, type Resolve } from '../addresses.ts'
import { makeDelivery } from './delivery/deliver.ts'
import { placeHandlers, runHandler, workerName, type HandlingExtension } from './handlers.ts'
import type { StagedUnit } from './outcome.ts'
import { queueBindings, type QueueBinding } from './queues.ts'
import { Worker, type WorkerParts } from './worker.ts'
import { Workers } from './workers.ts'

export interface MakeWorkersParts {
  /** The application's name. */
  readonly name: string
  readonly specs: readonly BindingSpec[]
  readonly bindings: ReadonlyMap<string, StartedBinding>
  readonly extensions: readonly HandlingExtension[]
  readonly clock: Clock
  readonly log: Log
  readonly redaction: Redaction
  /** How names are resolved to addresses; the system's way unless set. */
  readonly resolve?: Resolve
}

const defaultConcurrency = 10
const defaultTimeoutMs = 30_000

/**
 * What works on the queues in this process: the handlers of extensions, and deliveries to a URL. It has not begun yet.
 * @throws PLUGIN_START_FAILED for a handler that is none or has no queue, and for a delivery that its lease is too short for.
 */
export function makeWorkers(parts: MakeWorkersParts): Workers {
  const { specs, bindings, extensions } = parts
  const queues = queueBindings(specs, bindings)
  const workers: Worker[] = []
  const closers: (() => Promise<void>)[] = []

  for (const extension of extensions) {
    for (const placed of placeHandlers(extension, queues)) {
      const { queue, binding, concurrency, leaseMs, timeoutMs } = placed
      workers.push(makeWorker(parts, binding, { name: workerName(extension.name), queue, concurrency, leaseMs, timeoutMs, run: runHandler(placed, stagedUnit) }))
    }
  }
  for (const binding of queues.values()) {
    for (const [queue, { deliver }] of Object.entries(binding.keys.queues ?? {})) {
      if (!deliver) continue
      const { concurrency = defaultConcurrency, timeoutMs = defaultTimeoutMs } = deliver
      const leaseMs = leaseOf(binding, queue, timeoutMs)
      const { run, close } = makeDelivery({ deliver, source: `/${parts.name}/${binding.name}`, concurrency, timeoutMs, clock: parts.clock, resolve: parts.resolve ?? resolveName })
      closers.push(close)
      workers.push(makeWorker(parts, binding, { name: workerName('deliver'), queue, concurrency, leaseMs, run }))
    }
  }
  return new Workers(workers, async () => { await Promise.all(closers.map((close) => close())) })
}

/** A delivery must have ended before its lease has, where the lease cannot be renewed. */
function leaseOf({ name, capabilities, rules }: QueueBinding, queue: string, timeoutMs: number): number {
  const leaseMs = rules.get(queue)?.leaseMs ?? defaultTimeoutMs
  if (capabilities.has('extend') || timeoutMs < leaseMs) return leaseMs
  throw kernelError('PLUGIN_START_FAILED', {
    binding: name, plugin: 'deliver',
    reason: `its driver cannot extend a lease, and deliver.timeout of ${queue} (${timeoutMs} ms) is not shorter than the lease (${leaseMs} ms): make the queue's lease longer or the timeout shorter`,
  })
}

function makeWorker({ clock, log, redaction }: MakeWorkersParts, binding: QueueBinding, work: Pick<WorkerParts, 'name' | 'queue' | 'concurrency' | 'leaseMs' | 'timeoutMs' | 'run'>): Worker {
  const own = log.child({ binding: binding.name, queue: work.queue })
  if (!binding.capabilities.has('extend')) own.info({ leaseMs: work.leaseMs }, 'the driver cannot extend a lease: a job that takes longer runs again')
  return new Worker({
    ...work, clock, log: own, binding: binding.name, operations: binding.operations, capabilities: binding.capabilities,
    random: Math.random, hide: (text) => redaction.text(text),
  })
}

function stagedUnit(): StagedUnit {
  const unit = makeUnit()
  return {
    join: unit.join,
    get committed() { return unit.committed },
    commit: (options) => unit.commit(new OperationCall(options, 0)),
  }
}
