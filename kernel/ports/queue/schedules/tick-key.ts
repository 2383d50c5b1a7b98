/** What the keys of ticks begin with, and no key of a caller may. */
export const tickKeyPrefix = '$schedule/'

export function tickKey(name: string, at: string): string {
  return `${tickKeyPrefix}${name}/${at}`
}

/** The schedule and the tick that a job's key names; undefined for a key of a caller. */
export function parseTickKey(key: string): { readonly name: string; readonly at: string } | undefined {
  if (!key.startsWith(tickKeyPrefix)) return undefined
  const [, name, at] = key.split('/')
  return name === undefined || at === undefined ? undefined : { name, at }
}
