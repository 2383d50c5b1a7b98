import { bind, type StartedBinding } from '../binding/bind.ts'
import type { Probed } from '../binding/binding.ts'
import { Chaos } from '../binding/chaos.ts'
import { Guards } from '../binding/guards.ts'
import { Generation, type Implementation } from '../binding/swap-point.ts'
import { Problems } from '../manifest/problems.ts'
import type { Call } from '../call.ts'
import { kernelError } from '../errors.ts'
import type { BindingSpec, DriverSpec, ExtensionSpec, FallbackSpec } from '../manifest/types.ts'
import type { DriverPlugin, Extension } from '../plugins/definition.ts'
import { capabilitiesOf } from '../plugins/inner-drivers.ts'
import { standsOn, type Plan, type PlanStep } from '../plugins/plan.ts'
import { kernelVersion } from '../version.ts'
import type { PortParts } from '../ports/definition.ts'
import { within } from './close-stack.ts'
import { runFactory } from './factory.ts'
import { ailing, probedOf } from './probed.ts'
import type { StartedStep, StartParts } from './start-parts.ts'

export interface StartedExtension extends Extension {
  readonly name: string
  /** Its needs of the port queue → the binding that serves each. */
  readonly queues: ReadonlyMap<string, string>
}

/** All that runs. */
export interface Started {
  readonly connections: Map<string, unknown>
  readonly bindings: Map<string, StartedBinding>
  readonly extensions: StartedExtension[]
  readonly steps: StartedStep[]
}

/** Starts the plan's steps one after the other; the first failure of one that is not optional ends it. */
export async function startAll(plan: Plan, parts: StartParts): Promise<Started> {
  const started: Started = { connections: new Map(), bindings: new Map(), extensions: [], steps: [] }
  for (const step of plan.steps) {
    const startedMs = performance.now()
    const failure = await startOrTolerate(step, plan, started, parts)
    const done: StartedStep = {
      kind: step.kind, name: step.kind === 'extension' ? step.spec.specifier : step.id, plugin: step.spec.plugin.name,
      tookMs: performance.now() - startedMs, ...(failure === undefined ? {} : { failure }),
    }
    started.steps.push(done)
    parts.onStarted?.(done)
  }
  return started
}

/** Answers why an optional step did not start. */
async function startOrTolerate(step: PlanStep, plan: Plan, started: Started, parts: StartParts): Promise<string | undefined> {
  const around = step.kind === 'binding' ? aroundOf(step.spec, parts) : {}
  try {
    await startStep(step, around, started, parts)
    return undefined
  } catch (error) {
    if (!isOptional(step, plan)) throw error
    parts.log.error({ err: error, step: step.id }, `${step.id} is optional and did not start`)
    if (step.kind === 'binding') started.bindings.set(step.spec.name, bindingOf(step.spec, undefined, capabilitiesOf(step.spec), around, parts))
    return parts.redaction.text(error instanceof Error ? error.message : String(error))
  }
}

/** A connection is as optional as everything that stands on it. */
function isOptional(step: PlanStep, plan: Plan): boolean {
  if (step.kind === 'binding') return step.spec.optional
  if (step.kind === 'extension') return false
  const above = plan.steps.filter((other) => standsOn(other).includes(step.id))
  return above.length > 0 && above.every((other) => isOptional(other, plan))
}

async function startStep(step: PlanStep, around: Around, started: Started, parts: StartParts): Promise<void> {
  if (step.kind === 'connection') {
    started.connections.set(step.spec.name, await runFactory(step, step.spec, {}, undefined, undefined, parts))
  } else if (step.kind === 'binding') {
    await startBinding(step, step.spec, around, started, parts)
  } else {
    const extension = await runFactory(step, step.spec, needsOf(step.spec.needs, started), undefined, undefined, parts)
    started.extensions.push({ ...(extension as Extension | undefined), name: step.spec.plugin.name, queues: queuesOf(step.spec) })
  }
}

async function startBinding(step: PlanStep, spec: BindingSpec, around: Around, started: Started, parts: StartParts): Promise<void> {
  const drains: (() => void)[] = []
  const draining = { ...parts, onDrain: (drain: () => void) => { drains.push(drain) } }
  const first = await implement(step, spec, spec, { ahead: [], ...(around.guards && { policy: around.guards }) }, started, draining, around.chaos)
  const fallbacks: Implemented[] = []
  for (const driver of spec.fallback) {
    const ahead = [first, ...fallbacks].map(({ made }) => made.face)
    fallbacks.push(await implement(step, spec, driver, { ahead, ...(driver.when && { when: driver.when }) }, started, draining))
  }

  const lacks = new Set(first.made.probed.lacks)
  const capabilities = capabilitiesOf(spec).filter((capability) => !lacks.has(capability))
  refuseUnfit(spec, capabilities)
  const binding = bindingOf(spec, new Generation([first.made, ...fallbacks.map(({ made }) => made)]), capabilities, around, parts)
  // Before it is prepared: what prepares it uses it.
  started.bindings.set(spec.name, binding)
  parts.closing.add(`calls of ${spec.name}`, async () => {
    const last = binding.close()
    for (const drain of drains) drain()
    await last?.idle()
  })
  for (const { prepare } of [first, ...fallbacks]) await prepare()
}

interface Draining {
  readonly onDrain: (drain: () => void) => void
}

/** Where a driver stands in its binding. */
type Place = Pick<PortParts<unknown, unknown>, 'ahead' | 'when' | 'policy'>

interface Implemented {
  readonly made: Implementation
  /** Does what the port wants done before calls come. */
  readonly prepare: () => Promise<void>
}

/** A driver, and the port's meaning over it. */
async function implement(step: PlanStep, spec: BindingSpec, driver: FallbackSpec, place: Place, started: Started, parts: StartParts & Draining, chaos?: Chaos): Promise<Implemented> {
  const { made, probed } = await make(step, spec, driver, started, parts)
  if (!spec.port.implement) throw new TypeError(`the port ${spec.port.name} is an inner port`)

  const ailments: (() => string | undefined)[] = []
  const given: PortParts<unknown, unknown> = {
    driver: chaos && spec.port.rehearse ? spec.port.rehearse(made, (call) => chaos.strike(spec.name, call)) : made,
    keys: spec.keys,
    ...place,
    binding: spec.name,
    plugin: driver.plugin.name,
    capabilities: new Set(capabilitiesOf(driver).filter((capability) => !probed.lacks?.includes(capability))),
    clock: parts.clock,
    log: parts.log.child({ binding: spec.name }),
    meters: parts.instruments.meters(spec.port.name, spec.name),
    peer: (name) => started.bindings.get(name)?.operations,
    peerFace: (name) => started.bindings.get(name)?.face,
    onDrain: parts.onDrain,
    importScript: parts.importScript,
    onClose: (close) => { parts.closing.add(spec.name, close) },
    onHealth: (ailment) => { ailments.push(ailment) },
  }
  const face = spec.port.implement(given) as Readonly<Record<string, unknown>>
  return {
    made: { plugin: identity(driver.plugin), face, probed: ailing(probed, ailments), ...(driver.when && { when: driver.when }) },
    prepare: () => prepare(spec, driver, given, parts),
  }
}

/** A driver over its connection, after the drivers that it is made of. */
async function make(step: PlanStep, spec: BindingSpec, driver: DriverSpec, started: Started, parts: StartParts): Promise<{ readonly made: Probed | undefined; readonly probed: Probed }> {
  const inner: Record<string, readonly unknown[]> = {}
  const below: Probed[] = []
  for (const [setting, drivers] of Object.entries(driver.inner ?? {})) {
    const list: unknown[] = []
    for (const one of drivers) {
      const { made, probed } = await make(step, spec, one, started, parts)
      list.push(made)
      below.push(probed)
    }
    inner[setting] = list
  }
  const connection = driver.on === undefined ? undefined : started.connections.get(driver.on)
  const made = await runFactory(step, { ...driver, settings: { ...driver.settings, ...inner } }, needsOf(spec.needs, started), connection, spec, parts)
  return { made, probed: probedOf(made, connection, below) }
}

/** Within the time that the start of the binding has; what is not done then goes on at the next start. */
async function prepare(spec: BindingSpec, driver: DriverSpec, given: PortParts<unknown, unknown>, { preparing, clock }: StartParts): Promise<void> {
  if (!spec.port.prepare || preparing === 'nothing') return
  const { name, port, startTimeoutMs } = spec
  const giveUp = new AbortController()
  const call: Call = { signal: giveUp.signal, remainingMs: () => (giveUp.signal.aborted ? 0 : startTimeoutMs), traceId: `start-${name}`, text: false, degrade: () => undefined }
  try {
    await within(startTimeoutMs, clock, () => port.prepare?.(given, preparing, call), () => kernelError('PLUGIN_START_TIMEOUT', { binding: name, plugin: driver.plugin.name, timeoutMs: startTimeoutMs }))
  } catch (error) {
    giveUp.abort(error)
    throw error
  }
}

function bindingOf(spec: BindingSpec, first: Generation | undefined, capabilities: readonly string[], around: Around, parts: StartParts): StartedBinding {
  const { name, port, keys, expose, optional } = spec
  const { log, instruments, deadlines, redaction } = parts
  return bind({
    name, port, keys, expose, optional, capabilities, first, plugin: identity(spec.plugin), instruments, deadlines, log, redaction, ...around,
  })
}

function chaosOf({ name, chaos }: BindingSpec, { clock, log, preparing, random }: StartParts): Chaos | undefined {
  // Who only looks, or migrates, rehearses nothing.
  if (!chaos || preparing !== 'do') return undefined
  log.warn({ binding: name, ...chaos }, 'chaos: faults are injected into this binding')
  return new Chaos(chaos, clock, random)
}

/** What stands between the calls of a binding and its driver. */
interface Around {
  readonly guards?: Guards | undefined
  readonly chaos?: Chaos | undefined
}

function aroundOf(spec: BindingSpec, parts: StartParts): Around {
  return { guards: guardsOf(spec, parts), chaos: chaosOf(spec, parts) }
}

/** The binding's policy, composed before its drivers are: what they make beside its calls is asked of it as well. */
function guardsOf({ name: binding, port, keys, policy }: BindingSpec, { clock, log, random, instruments }: StartParts): Guards | undefined {
  return policy && new Guards({ policy, binding, port, keys, clock, log, random, meters: instruments.meters('policy', binding) })
}

/** Stage 3: what the keys ask for and this very backend turned out to lack. */
function refuseUnfit(spec: BindingSpec, capabilities: readonly string[]): void {
  const problems = new Problems()
  for (const demand of spec.port.demands?.(spec.keys) ?? []) {
    if (capabilities.includes(demand.capability)) continue
    problems.add({ at: spec.at, path: [spec.path, ...demand.path].join('.'), message: `needs the capability ${demand.capability}, which this backend turned out to lack` })
  }
  problems.throwIfAny()
}

function needsOf(needs: Readonly<Record<string, string>>, started: Started): Readonly<Record<string, object>> {
  return Object.fromEntries(Object.entries(needs).map(([name, binding]) => [name, started.bindings.get(binding)?.face ?? {}]))
}

function queuesOf({ plugin, needs }: ExtensionSpec): ReadonlyMap<string, string> {
  return new Map(Object.entries(needs).filter(([need]) => plugin.needs[need]?.name === 'queue'))
}

function identity(plugin: DriverPlugin): { readonly name: string; readonly version: string } {
  return { name: plugin.name, version: plugin.version ?? kernelVersion }
}
