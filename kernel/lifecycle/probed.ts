import type { Probed } from '../binding/binding.ts'

/** A driver without a probe of its own is as well as the connection that it stands on, and the drivers that it is made of. */
export function probedOf(driver: Probed | undefined, connection: unknown, inner: readonly Probed[]): Probed {
  const below = [...(connection ? [connection as Probed] : []), ...inner].filter(({ health }) => health !== undefined)
  const answering = driver?.health ? [driver] : below
  const lacks = [driver, ...inner].flatMap((one) => one?.lacks ?? [])
  return {
    ...(lacks.length > 0 ? { lacks } : {}),
    ...(answering.length > 0 ? { health: async (call) => { await Promise.all(answering.map(async (one) => one.health?.(call))) } } : {}),
    ...(driver?.ailment ? { ailment: () => driver.ailment?.() } : {}),
  }
}

/** A driver, and what its port's meaning has to say of it. */
export function ailing(probed: Probed, ailments: readonly (() => string | undefined)[]): Probed {
  if (ailments.length === 0) return probed
  return {
    ...probed,
    health: async (call) => probed.health?.(call),
    ailment: () => ailments.reduce((told, ailment) => told ?? ailment(), probed.ailment?.()),
  }
}
