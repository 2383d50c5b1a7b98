import { randomBytes } from 'node:crypto'
import { kernelError, type PorticoError } from '../errors.ts'
import { didYouMean } from '../manifest/suggest.ts'
import type { Json } from '../json.ts'
import { withoutCommit } from '../binding/unit.ts'
import type { Unit } from '../call.ts'
import type { HandlerSpec, JobHandler } from './handler.ts'
import type { StagedUnit } from './outcome.ts'
import type { QueueBinding } from './queues.ts'
import type { Run } from './worker.ts'

/** An extension that works on queues. */
export interface HandlingExtension {
  readonly name: string
  readonly handlers?: unknown
  /** Its needs of the port queue, by the names that it gives them. */
  readonly queues: ReadonlyMap<string, string>
}

/** A handler, and the queue that it works on. */
export interface PlacedHandler {
  readonly extension: string
  readonly binding: QueueBinding
  readonly queue: string
  readonly run: JobHandler
  readonly concurrency: number
  readonly leaseMs: number
  readonly timeoutMs: number
}

const defaultConcurrency = 10
/** A handler that hangs would keep its job for ever: its lease is renewed. */
const defaultTimeoutMs = 3_600_000

/**
 * The handlers of an extension, each at its queue. Those of an optional binding that is not running are left out.
 * @throws PLUGIN_START_FAILED for a handler that is none, or of a queue that is not declared, with the remedy.
 */
export function placeHandlers(extension: HandlingExtension, bindings: ReadonlyMap<string, QueueBinding>): readonly PlacedHandler[] {
  const { handlers } = extension
  if (handlers === undefined) return []
  if (typeof handlers !== 'object' || handlers === null || Array.isArray(handlers)) throw refusal(extension, 'its `handlers` are no mapping of queues to handlers')

  return Object.entries(handlers as Readonly<Record<string, unknown>>).flatMap(([key, given]) => {
    const { need, queue } = splitKey(extension, key)
    const name = extension.queues.get(need)
    if (name === undefined) throw refusal(extension, noNeed(extension, key, need))
    const binding = bindings.get(name)
    if (!binding) return []

    const rules = binding.rules.get(queue)
    if (!rules) throw refusal(extension, `handlers[${JSON.stringify(key)}]: ${name} declares no queue ${JSON.stringify(queue)}${didYouMean(queue, binding.rules.keys())}; add \`${queue}: {}\` to ports.${name}.queues in the manifest`)
    const spec = readSpec(extension, key, given)
    return [{ extension: extension.name, binding, queue, run: spec.run, concurrency: spec.concurrency ?? defaultConcurrency, leaseMs: spec.leaseMs ?? rules.leaseMs, timeoutMs: spec.timeoutMs ?? defaultTimeoutMs }]
  })
}

function splitKey({ queues }: HandlingExtension, key: string): { readonly need: string; readonly queue: string } {
  const dot = key.lastIndexOf('.')
  if (dot >= 0) return { need: key.slice(0, dot), queue: key.slice(dot + 1) }
  const [only] = queues.keys()
  return { need: queues.size === 1 && only !== undefined ? only : 'queue', queue: key }
}

function noNeed({ queues }: HandlingExtension, key: string, need: string): string {
  const where = `handlers[${JSON.stringify(key)}]: `
  if (queues.size === 0) return `${where}the plugin needs no queue; declare \`needs: { queue }\``
  if (key.includes('.')) return `${where}the plugin has no need ${JSON.stringify(need)} of the port queue${didYouMean(need, queues.keys())}; it has ${[...queues.keys()].join(', ')}`
  return `${where}of which queue? The plugin needs ${[...queues.keys()].join(', ')}: write ${JSON.stringify(`${[...queues.keys()][0] ?? ''}.${key}`)}`
}

function readSpec(extension: HandlingExtension, key: string, given: unknown): HandlerSpec {
  const where = `handlers[${JSON.stringify(key)}]`
  if (typeof given === 'function') return { run: given as JobHandler }
  const spec = (typeof given === 'object' && given !== null ? given : {}) as Partial<HandlerSpec>
  if (typeof spec.run !== 'function') throw refusal(extension, `${where} is neither a function nor \`{ run, concurrency, leaseMs, timeoutMs }\``)
  const bounds = { concurrency: [1, 1_000], leaseMs: [100, 3_600_000], timeoutMs: [100, 604_800_000] } as const
  for (const name of ['concurrency', 'leaseMs', 'timeoutMs'] as const) {
    const [min, max] = bounds[name]
    const value = spec[name]
    if (value !== undefined && !(Number.isInteger(value) && value >= min && value <= max)) throw refusal(extension, `${where}.${name} must be a whole number from ${min} to ${max}`)
  }
  return spec as HandlerSpec
}

function refusal({ name }: HandlingExtension, reason: string): PorticoError {
  return kernelError('PLUGIN_START_FAILED', { binding: `the extension ${name}`, plugin: name, reason })
}

/** Runs a handler as a worker wants it: with a unit of work where the backend has them. */
export function runHandler({ run, binding }: PlacedHandler, makeUnit: () => StagedUnit): Run {
  return async (job, kept, log) => {
    const opened = binding.capabilities.has('units') ? openUnit(makeUnit()) : undefined
    const result = await run(job, { signal: kept.signal, log, unit: opened?.unit, progress: (progress) => { kept.progress = progress } })
    // What it is is judged where it is kept.
    return { kind: 'done', result: result as Json | undefined, unit: opened?.used() }
  }
}

/** A unit that knows whether anything was staged in it: without, the acknowledgement is an ordinary one. */
function openUnit(made: StagedUnit): { readonly unit: Unit; used(): StagedUnit | undefined } {
  let used = false
  const open = withoutCommit(made)
  const unit: Unit = {
    join(commits, binding, make) {
      used = true
      return open.join(commits, binding, make)
    },
    get committed() { return open.committed },
  }
  return { unit, used: () => (used ? made : undefined) }
}

/** Tells replicas apart in a job's errors. */
export function workerName(what: string): string {
  return `${what}-${process.pid}-${randomBytes(3).toString('hex')}`
}
