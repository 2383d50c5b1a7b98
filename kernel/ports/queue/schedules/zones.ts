const dayMs = 86_400_000
const maxKept = 1_000
const formats = new Map<string, Intl.DateTimeFormat>()

/** Whether the time zone database of this Node has such a zone. */
export function isZone(zone: string): boolean {
  try {
    formatOf(zone)
    return true
  } catch {
    return false
  }
}

/** How far the clocks of a zone are ahead of UTC at an instant, in milliseconds. */
export function offsetAt(zone: string, atMs: number): number {
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(formatOf(zone).format(atMs)) ?? []
  const offsetMs = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000
  return sign === '-' ? -offsetMs : offsetMs
}

/**
 * The instant of a wall-clock time, which is given as if it were UTC: the first of two when clocks were set back over it, and the
 * end of the gap when they were set forward over it. So a later wall time never comes earlier.
 */
export function instantOf(zone: string, wallMs: number): number {
  const before = offsetAt(zone, wallMs - dayMs)
  const after = offsetAt(zone, wallMs + dayMs)
  const met = [wallMs - before, wallMs - after].filter((atMs) => atMs + offsetAt(zone, atMs) === wallMs)
  return met.length > 0 ? Math.min(...met) : changeBetween(zone, wallMs - dayMs, wallMs + dayMs)
}

/** The first instant of the offset that holds at `endMs`, where it changes once from `startMs` on. */
function changeBetween(zone: string, startMs: number, endMs: number): number {
  const before = offsetAt(zone, startMs)
  let [low, high] = [startMs, endMs]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(zone, middle) === before) low = middle
    else high = middle
  }
  return high
}

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
    if (formats.size >= maxKept) formats.clear()
    formats.set(zone, format)
  }
  return format
}
