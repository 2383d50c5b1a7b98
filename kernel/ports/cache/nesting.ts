import { AsyncLocalStorage } from 'node:async_hooks'
import type { Flight } from './flights.ts'

/** The load that the code runs in, of whatever cache. */
const running = new AsyncLocalStorage<Flight>()

/** Runs what a flight loads, so that what it asks for in turn is known to be asked by it. */
export function runInside<T>(flight: Flight, load: () => T): T {
  return running.run(flight, load)
}

/** The keys of a circle in their order, when `flight` waits for the load that this code runs in: neither would ever end. */
export function circleOf(flight: Flight): readonly string[] | undefined {
  const waiting = running.getStore()
  const path = waiting && pathTo(waiting, flight, new Set())
  return path && [waiting.key, ...path]
}

/** The load that this code runs in, if any, waits for `flight` until `outcome` settles. */
export function noteWait(flight: Flight, outcome: Promise<unknown>): void {
  const waiting = running.getStore()
  if (!waiting) return
  waiting.waitsFor.add(flight)
  const forget = () => void waiting.waitsFor.delete(flight)
  outcome.then(forget, forget)
}

/** The keys of the loads by which `from` waits for `wanted`; undefined when it does not. */
function pathTo(wanted: Flight, from: Flight, seen: Set<Flight>): readonly string[] | undefined {
  if (from === wanted) return [from.key]
  seen.add(from)
  for (const next of from.waitsFor) {
    const path = seen.has(next) ? undefined : pathTo(wanted, next, seen)
    if (path) return [from.key, ...path]
  }
  return undefined
}
