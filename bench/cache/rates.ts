import type { Figure } from '../figure.ts'
import { median } from '../measure.ts'

export interface Turns {
  /** What is called, `lane` being one of the callers and `n` counting its calls. */
  readonly ours: (lane: number, n: number) => Promise<unknown>
  readonly theirs: (lane: number, n: number) => Promise<unknown>
  readonly callers: number
  /** Of each caller, in each round. */
  readonly calls: number
  readonly atLeast?: number
}

const rounds = 9

/** How many calls a second of ours there are for one of theirs: the median of rounds in turn, after one that compiles. */
export async function ratio(name: string, { ours, theirs, callers, calls, atLeast }: Turns): Promise<Figure> {
  const found: { readonly mine: number; readonly other: number }[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const mine = await perSecond(ours, callers, calls)
    const other = await perSecond(theirs, callers, calls)
    if (round > 0) found.push({ mine, other })
  }
  const middle = (of: 'mine' | 'other') => median(found.map((one) => one[of])).toFixed(0)
  return {
    name, value: median(found.map(({ mine, other }) => mine / other)), unit: '×', ...(atLeast !== undefined && { atLeast }),
    of: `${middle('mine')} against ${middle('other')} calls a second, ${callers} at once`,
  }
}

async function perSecond(task: Turns['ours'], callers: number, calls: number): Promise<number> {
  const startedMs = performance.now()
  await Promise.all(Array.from({ length: callers }, async (_, lane) => {
    for (let n = 0; n < calls; n += 1) await task(lane, n)
  }))
  return (callers * calls * 1_000) / (performance.now() - startedMs)
}
