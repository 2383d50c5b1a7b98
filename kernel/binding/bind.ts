import type { AnyPort, Peer } from '../ports/definition.ts'
import { isPorticoError, kernelError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Redaction } from '../redaction.ts'
import type { Binding, BindingHealth, Probed } from './binding.ts'
import { OperationCall } from './call.ts'
import type { Chaos } from './chaos.ts'
import type { Deadlines } from './deadlines.ts'
import type { Guards } from './guards.ts'
import type { Instruments } from './instruments.ts'
import { wrapOperation } from './operation.ts'
import { isDegraded } from '../resilience/policy-state.ts'
import { type Generation, type Implementation, SwapPoint } from './swap-point.ts'

/** How long a probe of a backend may take. */
const healthTimeoutMs = 2_000

export interface BindParts {
  readonly name: string
  readonly port: AnyPort
  /** The port's own keys, checked; `{}` unless given. */
  readonly keys?: unknown
  readonly expose: boolean
  readonly optional: boolean
  readonly capabilities: readonly string[]
  /** The driver as the manifest names it, for as long as none is running. */
  readonly plugin: { readonly name: string; readonly version: string }
  /** Undefined when an optional binding could not start: its calls answer BINDING_UNAVAILABLE. */
  readonly first: Generation | undefined
  /** The binding's policy; it goes on when another driver is swapped in. */
  readonly guards?: Guards | undefined
  /** Between policy and driver, unless the port rehearses in its driver's place. */
  readonly chaos?: Chaos | undefined
  readonly instruments: Instruments
  readonly deadlines: Deadlines
  readonly log: Log
  /** What the words of a failed probe must not show. */
  readonly redaction: Redaction
}

/** A binding in the hands of who started it. */
export interface StartedBinding extends Binding {
  /** Where a reload puts another driver in place. */
  readonly point: SwapPoint
  /** Refuses every later call; answers what is still in flight. */
  close(): Generation | undefined
}

/** Wraps a port's operations once, when the binding starts; see DESIGN 7. */
export function bind(parts: BindParts): StartedBinding {
  const { name, port } = parts
  const { guards, chaos } = parts
  const around = port.rehearse ? undefined : chaos
  const point = new SwapPoint(parts.first, () => guards?.reset())
  const capabilities = new Set(parts.capabilities)
  const operations: Peer = Object.fromEntries(
    Object.entries(port.operations).map(([operation, declared]) => [
      operation,
      wrapOperation({ port, binding: name, name: operation, operation: declared, capabilities, point, guards, chaos: around, deadlines: parts.deadlines, log: parts.log, counts: parts.instruments.operation(name, operation) }),
    ]),
  )
  let closed = false

  return {
    name, port, keys: parts.keys ?? {}, operations, point,
    expose: parts.expose, optional: parts.optional, capabilities: parts.capabilities,
    since: new Date(),
    face: Object.freeze({ ...inProcess(parts, point), ...operations }),
    chaos: chaos?.rules,
    get policy() { return guards?.state },
    get plugin() { return point.current?.implementations[0].plugin ?? parts.plugin },
    get state() { return closed ? 'closed' : point.current ? 'ready' : 'failed' },
    close() {
      closed = true
      return point.close()
    },
    async health() {
      const driver = point.current?.implementations[0].probed
      if (!driver) return { status: 'failed', latencyMs: 0, error: 'it is not running' }
      const probed = await withFallbacks(await probe(driver, parts), point.current?.implementations.slice(1) ?? [], parts)
      return probed.status === 'ok' && guards && isDegraded(guards.state) ? { ...probed, status: 'degraded' } : probed
    },
  }
}

/** What the port offers in process only (`remember`, `unit`), always of the driver that is current when it is called. */
function inProcess({ name, port, first }: BindParts, point: SwapPoint): Readonly<Record<string, unknown>> {
  const offered = Object.keys(first?.implementations[0].face ?? {}).filter((member) => !(member in port.operations))
  return Object.fromEntries(offered.map((member) => [member, (...given: unknown[]) => {
    const face = point.current?.implementations[0].face
    if (!face) throw kernelError('BINDING_UNAVAILABLE', { binding: name })
    // Every implementation of a port offers the same functions.
    return (face[member] as (...given: unknown[]) => unknown)(...given)
  }]))
}

/** A fallback that is not well degrades a binding whose own driver is. */
async function withFallbacks(own: BindingHealth, fallbacks: readonly Implementation[], parts: BindParts): Promise<BindingHealth> {
  if (own.status === 'failed') return own
  for (const { plugin, probed } of fallbacks) {
    const { status, error } = await probe(probed, parts)
    if (status !== 'ok') return { ...own, status: 'degraded', error: own.error ?? `the fallback ${plugin.name}: ${error ?? status}` }
  }
  return own
}

async function probe(driver: Probed, { deadlines, redaction }: BindParts): Promise<BindingHealth> {
  if (!driver.health) return { status: 'ok', latencyMs: 0 }

  const startedMs = performance.now()
  const latencyMs = () => Math.round((performance.now() - startedMs) * 100) / 100
  const late = Promise.withResolvers<never>()
  const call = new ProbeCall(late.reject)
  deadlines.watch(call, healthTimeoutMs)
  try {
    await Promise.race([driver.health(call), late.promise])
    const ailment = driver.ailment?.()
    return { status: 'ok', latencyMs: latencyMs(), ...(ailment !== undefined && { status: 'degraded', error: redaction.text(ailment) }) }
  } catch (error) {
    return { status: 'failed', latencyMs: latencyMs(), error: isPorticoError(error) ? redaction.text(`${error.code}: ${error.message}`) : 'the backend does not answer' }
  } finally {
    deadlines.end(call)
  }
}

class ProbeCall extends OperationCall {
  readonly #late: (error: Error) => void

  constructor(late: (error: Error) => void) {
    super({ timeoutMs: healthTimeoutMs }, 0)
    this.#late = late
  }

  override expire(): void {
    super.expire()
    this.#late(new Error('late'))
  }
}
