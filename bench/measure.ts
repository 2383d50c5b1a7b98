/** The middle of the values: one slow round does not decide. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/**
 * Nanoseconds for each call of several tasks that wait for nothing, the best of `rounds`, measured in turn so that a busy machine
 * slows all of them. It is the time that this process ran, garbage collection with it, and not what went by meanwhile: a round is
 * longer than a scheduler leaves a process alone. The best round is the one that was disturbed least.
 */
export async function nanosecondsEach<N extends string>(tasks: Readonly<Record<N, () => unknown>>, calls: number, rounds = 9): Promise<Record<N, number>> {
  // The keys of a record of N are N.
  const names = Object.keys(tasks) as N[]
  const best = Object.fromEntries(names.map((name) => [name, Number.POSITIVE_INFINITY])) as Record<N, number>

  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) {
      const task = tasks[name]
      const before = process.cpuUsage()
      for (let call = 0; call < calls; call += 1) {
        const answer = task()
        if (answer instanceof Promise) await answer
      }
      const { user, system } = process.cpuUsage(before)
      best[name] = Math.min(best[name], ((user + system) * 1_000) / calls)
    }
  }
  return best
}
