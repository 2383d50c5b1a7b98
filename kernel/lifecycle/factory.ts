import type { Probed } from '../binding/binding.ts'
import { isPorticoError, kernelError } from '../errors.ts'
import type { BindingSpec } from '../manifest/types.ts'
import type { DriverPlugin, ExtensionPlugin, Parts } from '../plugins/definition.ts'
import type { PlanStep } from '../plugins/plan.ts'
import type { SettingsSchema } from '../plugins/settings.ts'
import { within } from './close-stack.ts'
import type { StartParts } from './start-parts.ts'

type AnyParts = Parts<SettingsSchema, never, unknown, unknown>

/**
 * Runs one plugin's `create` within the start timeout of its entry. What it gave to `onClose` runs also when it throws.
 * @throws PLUGIN_START_TIMEOUT, PLUGIN_SDK_MISSING, PLUGIN_START_FAILED, or the PorticoError that `create` threw.
 */
export async function runFactory(
  step: PlanStep,
  driver: { readonly plugin: DriverPlugin | ExtensionPlugin; readonly settings: Readonly<Record<string, unknown>> },
  needs: Readonly<Record<string, object>>,
  connection: unknown,
  binding: BindingSpec | undefined,
  parts: StartParts,
): Promise<Probed | undefined> {
  const name = step.kind === 'extension' ? driver.plugin.name : step.spec.name
  const { startTimeoutMs } = step.spec
  const at = { binding: step.id, plugin: driver.plugin.name }
  const giveUp = new AbortController()
  const given = {
    settings: driver.settings, needs, connection, keys: binding?.keys, binding: name, application: parts.application, directory: parts.directory,
    log: parts.log.child({ [step.kind]: name }), clock: parts.clock, signal: giveUp.signal,
    onClose: (close: () => void | Promise<void>) => { parts.closing.add(step.id, close) },
  }

  try {
    // The manifest check has held settings and needs to the plugin's own declaration.
    const create = driver.plugin.create
    const made = await within(startTimeoutMs, parts.clock, () => create(given as AnyParts), () => kernelError('PLUGIN_START_TIMEOUT', { ...at, timeoutMs: startTimeoutMs }))
    if (driver.plugin.port) refuseNoDriver(made, driver.plugin, at)
    return made as Probed | undefined
  } catch (error) {
    giveUp.abort(error)
    throw isPorticoError(error) ? error : startError(error, driver.plugin, at)
  }
}

/** Taken for a driver, it would fail at the first call, as a bug of nobody. */
function refuseNoDriver(made: unknown, { port }: DriverPlugin, at: { readonly binding: string; readonly plugin: string }): void {
  if (typeof made === 'object' ? made !== null : typeof made === 'function') return
  const answered = made === undefined || made === null ? String(made) : `a ${typeof made}`
  throw kernelError('PLUGIN_START_FAILED', { ...at, reason: `its create answered ${answered} and no driver; let it return an object with what the port ${port.name} asks of a driver` })
}

function startError(error: unknown, plugin: DriverPlugin | ExtensionPlugin, at: { readonly binding: string; readonly plugin: string }): Error {
  const missing = plugin.port && isMissingModule(error) ? Object.entries(plugin.sdk).find(([sdk]) => error.message.includes(`'${sdk}'`)) : undefined
  if (missing) return kernelError('PLUGIN_SDK_MISSING', { plugin: at.plugin, sdk: missing[0], range: missing[1] }, { cause: error })
  return kernelError('PLUGIN_START_FAILED', { ...at, reason: error instanceof Error ? error.message : String(error) }, { cause: error })
}

function isMissingModule(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
}
