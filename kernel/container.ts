import type { AwilixContainer } from 'awilix'
// The face without file globbing, which a start would pay 45 ms for and the kernel never uses.
import { asValue, createContainer, InjectionMode } from 'awilix/browser'

export type Container = AwilixContainer<Record<string, unknown>>

/**
 * Every binding under its name: `container.resolve('storage.reports')`, or as a parameter of what the application
 * builds with it. The kernel starts and closes bindings itself, so the container holds values and disposes nothing.
 */
export function fillContainer(faces: ReadonlyMap<string, object>): Container {
  const container = createContainer<Record<string, unknown>>({ injectionMode: InjectionMode.PROXY, strict: true })
  for (const [name, face] of faces) container.register(name, asValue(face))
  return container
}
