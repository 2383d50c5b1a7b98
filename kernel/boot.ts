import { Deadlines } from './binding/deadlines.ts'
import { Instruments } from './binding/instruments.ts'
import { systemClock, type Clock } from './clock.ts'
import { fillContainer } from './container.ts'
import { Kernel } from './kernel.ts'
import { CloseStack } from './lifecycle/close-stack.ts'
import { startAll } from './lifecycle/start.ts'
import type { StartedStep } from './lifecycle/start-parts.ts'
import type { Log } from './log.ts'
import { checkManifest } from './manifest/check.ts'
import { secretVariable } from './manifest/environment.ts'
import { Problems } from './manifest/problems.ts'
import type { RawManifest } from './manifest/raw.ts'
import { readManifest } from './manifest/read.ts'
import { fillSecrets, sensitiveTexts } from './manifest/secrets.ts'
import type { Manifest, ManifestOptions, ManifestSource } from './manifest/types.ts'
import { wantedPlugins } from './manifest/wanted.ts'
import type { PluginCatalogue } from './plugins/catalogue.ts'
import { importScript, loadDriversOf, loadPlugins } from './plugins/loader.ts'
import { makePlan, type Plan } from './plugins/plan.ts'
import { Redaction } from './redaction.ts'
import { makeWorkers } from './workers/make-workers.ts'

/** What the process around the kernel gives. */
export interface Host extends ManifestOptions {
  readonly log: Log
  readonly clock?: Clock
  /** Told as each connection, binding and extension has started. */
  readonly onStarted?: (step: StartedStep) => void
  /** Collects what is to be hidden, for who reports a crash. */
  readonly redaction?: Redaction
  /** Lets the server listen beyond loopback without identity and TLS; logged. */
  readonly insecureListen?: boolean
  /** Lets the manifest's `chaos` inject faults; without it a manifest that has any does not start. */
  readonly allowChaos?: boolean
  /** From 0 up to 1, in place of `Math.random`: for tests of what is left to chance. */
  readonly random?: () => number
  /** Whether bindings make what their backends lack (`do`, unless set), only look for what would end a start, or neither. */
  readonly preparing?: 'do' | 'look' | 'nothing'
}

/** A manifest with nothing left to refuse before the first side effect. */
export interface Checked {
  readonly raw: RawManifest
  readonly catalogue: PluginCatalogue
  readonly manifest: Manifest
  readonly plan: Plan
}

/**
 * Stage 1: text → plugins' metadata → checked manifest → plan. Starts nothing.
 * @throws MANIFEST_INVALID with every problem at once.
 */
export async function check(source: ManifestSource, options: ManifestOptions): Promise<Checked> {
  const problems = new Problems()
  const raw = await readManifest(source, options, problems)
  if (!raw) throw problems.toError()

  const catalogue = await loadPlugins(wantedPlugins(raw), raw.directory, problems)
  const manifest = await judge(raw, catalogue, options, problems)
  if (!manifest) throw problems.toError()

  const plan = makePlan(manifest, problems)
  problems.throwIfAny()
  return { raw, catalogue, manifest, plan }
}

/** The check; where a driver lacks what is needed it is made again with all drivers of that port, to name those that have it. */
async function judge(raw: RawManifest, catalogue: PluginCatalogue, options: ManifestOptions, problems: Problems): Promise<Manifest | undefined> {
  const found = new Problems()
  const manifest = checkManifest(raw, catalogue, options, found)
  const unfit = new Set(found.list().flatMap(({ unfit: port }) => port ?? []))
  if (unfit.size === 0) {
    problems.addAll(found)
    return manifest
  }
  for (const port of unfit) await loadDriversOf(port, catalogue, problems)
  return checkManifest(raw, catalogue, options, problems)
}

/** The pipeline: check → secrets → connections and bindings in plan order → a kernel that can listen. */
export async function boot(source: ManifestSource, host: Host): Promise<Kernel> {
  return startChecked(await check(source, host), host)
}

/** Stages 2 and 3 of a manifest that was checked already: for who needs to know it before it starts. */
export async function startChecked({ manifest, plan }: Checked, host: Host): Promise<Kernel> {
  refuseChaos(manifest, host)
  const redaction = host.redaction ?? new Redaction()
  const filled = fillPlan(manifest, plan, host, redaction)
  const log = redaction.log(host.log)

  const clock = host.clock ?? systemClock
  const closing = new CloseStack(log, clock)
  const instruments = new Instruments()
  try {
    const started = await startAll(filled.plan, {
      application: manifest.name, directory: manifest.directory, log, clock, closing, instruments, deadlines: new Deadlines(), redaction, importScript, preparing: host.preparing ?? 'do', random: host.random ?? Math.random,
      ...(host.onStarted ? { onStarted: host.onStarted } : {}),
    })
    const container = fillContainer(new Map(Array.from(started.bindings, ([name, { face }]) => [name, face])))
    const { name, bindings: specs } = filled.manifest
    const workers = makeWorkers({ name, specs, ...started, clock, log, redaction })
    // Before the bindings that they work on; a shutdown has drained them by then.
    closing.add('workers', () => workers.drain(0))
    if ((host.preparing ?? 'do') === 'do') workers.start()
    return new Kernel({ manifest: filled.manifest, started, container, closing, workers, instruments, clock, log, redaction, insecureListen: host.insecureListen ?? false })
  } catch (error) {
    // What had started is closed again, last first.
    await closing.run()
    throw redaction.value(error)
  }
}

/** A fault that somebody rehearsed must not reach production with the file that it stands in. */
function refuseChaos({ chaos }: Manifest, { allowChaos = false, preparing = 'do' }: Host): void {
  if (!chaos || allowChaos || preparing !== 'do') return
  const problems = new Problems()
  problems.add({ at: chaos.at, path: 'chaos', message: 'injects faults, and this start does not allow it; start with --allow-chaos (in process: allowChaos), or remove it' })
  throw problems.toError()
}

/** Stage 2: secrets are read and the references to them filled. */
function fillPlan(manifest: Manifest, plan: Plan, host: Host, redaction: Redaction): { manifest: Manifest; plan: Plan } {
  const problems = new Problems()
  const read: string[] = []
  const filled = fillSecrets(manifest, (name) => {
    const secret = host.env[secretVariable(name)]
    if (secret !== undefined) read.push(secret)
    return secret
  }, problems)
  problems.throwIfAny()
  redaction.add([...read, ...sensitiveTexts(filled)])
  return filled === manifest ? { manifest, plan } : { manifest: filled, plan: makePlan(filled, problems) }
}
