import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import type { Kernel } from '../../kernel/index.ts'

type Queue = Kernel['ports']['queue']

/** Somebody waits for a job that another enqueues: how long from the answer of the one to that of the other, beside what a lease takes that need not wait. */
export async function enqueueToLease(t: ExecutionContext, sender: Queue, worker: Queue, wait = () => worker.lease({ queue: 'emails', waitMs: 10_000 })): Promise<void> {
  // The first one opens connections and prepares statements.
  for (let times = 0; times < 3; times++) {
    const waiting = wait()
    await sender.enqueue({ queue: 'emails', payload: times })
    await waiting
  }

  const [leaseMs, tookMs]: [number[], number[]] = [[], []]
  for (let times = 0; times < 15; times++) {
    await sender.enqueue({ queue: 'emails', payload: times })
    const readyMs = performance.now()
    await wait()
    leaseMs.push(performance.now() - readyMs)

    const waiting = wait()
    await sleep(20)
    await sender.enqueue({ queue: 'emails', payload: times })
    const addedMs = performance.now()
    t.is((await waiting).items.length, 1)
    tookMs.push(performance.now() - addedMs)
  }
  t.log(`median ${median(tookMs).toFixed(1)} ms, worst ${Math.max(...tookMs).toFixed(1)} ms, where a lease alone takes ${median(leaseMs).toFixed(1)} ms`)
  // On a machine that is busy with other things a lease alone takes as long; who is not woken waits for half a second at least.
  t.true(median(tookMs) < Math.max(20, 8 * median(leaseMs)), `${median(tookMs)} ms`)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}
