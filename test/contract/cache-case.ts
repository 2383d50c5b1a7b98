import type { ExecutionContext } from 'ava'
import type { Bound } from '../../kernel/plugin.ts'
import type { SteppedClock, VirtualClock } from './clock.ts'

/** An empty cache behind a binding, closed when the case ends. */
export interface CacheHarness {
  open(keys?: { readonly ttl?: string }): Promise<Bound['cache']>
  /** Another binding on what was opened first, as another replica has it; left out where the backend is the process. */
  replica?(): Promise<Bound['cache']>
  /** Where the backend has a time of its own, one that waits: a `SteppedClock`. */
  readonly clock: Pick<VirtualClock | SteppedClock, 'advance' | 'toleranceMs'>
  readonly capabilities: readonly string[]
}

export interface CacheCase {
  readonly title: string
  run(t: ExecutionContext, harness: CacheHarness): Promise<void>
}

export type CacheParts = CacheHarness & { readonly cache: Bound['cache'] }

export function promise(title: string, body: (t: ExecutionContext, parts: CacheParts) => Promise<void>): CacheCase {
  return { title, run: async (t, harness) => body(t, { ...harness, cache: await harness.open() }) }
}

export function near(t: ExecutionContext, ms: number | null | undefined, expectedMs: number, toleranceMs: number): void {
  t.true(typeof ms === 'number' && ms <= expectedMs && ms >= expectedMs - toleranceMs, `${ms} ms`)
}

/** Waits for what happens behind an answer, turn by turn. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 1_000; turn += 1) {
    if (await holds()) return
    await new Promise((resolve) => setImmediate(resolve))
  }
}
