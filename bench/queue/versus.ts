import type { Figure } from '../figure.ts'
import { median } from '../measure.ts'
import type { QueuePeer } from './peer.ts'

const rounds = 5
const listed = 1_000
const worked = 1_500
const roundMs = 250

interface Sample {
  /** Jobs, in so many milliseconds. */
  readonly perSecond: number
  /** Of this process, for each job. */
  readonly cpuUs: number
}

type Task = (peer: QueuePeer) => Promise<Sample>

const tasks: Readonly<Record<string, Task>> = {
  'add, 16 callers': (peer) => adding(16, 1, () => peer.add()),
  'add, 64 callers': (peer) => adding(64, 1, () => peer.add()),
  'lists of 50, 16 callers': (peer) => adding(16, 50, () => peer.addMany(50)),
  '1,000 in one call': (peer) => measured(async () => {
    const startedMs = performance.now()
    await peer.addMany(listed)
    return { jobs: listed, tookMs: performance.now() - startedMs }
  }),
  'lease and acknowledge': async (peer) => {
    // What other tasks left is worked off as well: a queue of the same length for both.
    await peer.addMany(listed)
    await peer.addMany(worked - listed)
    return measured(async () => ({ jobs: worked, tookMs: await peer.work(worked) }))
  },
}

/** Portico against others in turn, so that what slows the machine for a while slows all; the medians of the rounds' ratios. */
export async function versus(name: string, ours: QueuePeer, others: Readonly<Record<string, { readonly peer: QueuePeer; readonly atLeast: number }>>): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const [title, task] of Object.entries(tasks)) {
    const own: Sample[] = []
    const found = new Map<string, Sample[]>()
    for (let round = 0; round <= rounds; round += 1) {
      const mine = await task(ours)
      if (round > 0) own.push(mine)
      for (const [other, { peer }] of Object.entries(others)) {
        const theirs = await task(peer)
        // The first round compiles, and opens connections.
        if (round > 0) found.set(other, [...(found.get(other) ?? []), theirs])
      }
    }
    for (const [other, { atLeast }] of Object.entries(others)) figures.push(ratio(`${name}: ${title}, of ${other}`, own, found.get(other) ?? [], atLeast))
  }
  return figures
}

/** How many jobs a second a queue without a peer takes and ends. */
export async function alone(name: string, peer: QueuePeer, atLeast: number): Promise<readonly Figure[]> {
  const figures: Figure[] = []
  for (const [title, task] of Object.entries(tasks)) {
    const samples: Sample[] = []
    for (let round = 0; round <= rounds; round += 1) samples.push(await task(peer))
    const value = middle(samples.slice(1), 'perSecond')
    figures.push({ name: `${name}: ${title}`, value, unit: '/s', ...(title.startsWith('lease') && { atLeast }), of: `${middle(samples.slice(1), 'cpuUs').toFixed(0)} µs of CPU` })
  }
  return figures
}

function ratio(name: string, ours: readonly Sample[], theirs: readonly Sample[], atLeast: number): Figure {
  const value = median(ours.map(({ perSecond }, round) => perSecond / (theirs[round]?.perSecond ?? Number.NaN)))
  const both = (of: keyof Sample) => `${middle(ours, of).toFixed(0)} against ${middle(theirs, of).toFixed(0)}`
  return { name, value, unit: '×', atLeast, of: `${both('perSecond')} a second, ${both('cpuUs')} µs of the client's CPU` }
}

function middle(samples: readonly Sample[], of: keyof Sample): number {
  return median(samples.map((one) => one[of]))
}

/** Calls that add so many jobs each, one after the other by each caller. */
function adding(callers: number, jobsInCall: number, add: () => Promise<unknown>): Promise<Sample> {
  return measured(async () => {
    const startedMs = performance.now()
    const endMs = startedMs + roundMs
    let jobs = 0
    await Promise.all(Array.from({ length: callers }, async () => {
      while (performance.now() < endMs) {
        await add()
        jobs += jobsInCall
      }
    }))
    return { jobs, tookMs: performance.now() - startedMs }
  })
}

async function measured(task: () => Promise<{ readonly jobs: number; readonly tookMs: number }>): Promise<Sample> {
  const before = process.cpuUsage()
  const { jobs, tookMs } = await task()
  const { user, system } = process.cpuUsage(before)
  return { perSecond: jobs / (tookMs / 1_000), cpuUs: (user + system) / jobs }
}
