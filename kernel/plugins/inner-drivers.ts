import type { DriverSpec } from '../manifest/types.ts'
import type { SettingsSchema } from './settings.ts'

/** The settings that hold drivers. */
export function driverSettings(settings: SettingsSchema): readonly string[] {
  return Object.entries(settings).flatMap(([name, setting]) => (setting.format === 'drivers' ? [name] : []))
}

/** A driver and all that it is made of. */
export function withInner(spec: DriverSpec): readonly DriverSpec[] {
  return [spec, ...Object.values(spec.inner ?? {}).flat().flatMap(withInner)]
}

/** What a driver can do: of what its plugin declares, what all drivers that it is made of can do, too. */
export function capabilitiesOf({ plugin, inner }: DriverSpec): readonly string[] {
  const parts = Object.values(inner ?? {}).flat().map(capabilitiesOf)
  return plugin.capabilities.filter((capability) => parts.every((part) => part.includes(capability)))
}
