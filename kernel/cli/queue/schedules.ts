import type { QueueCounts, Schedule } from '../../ports/queue/index.ts'
import { askServer } from '../ask-server.ts'
import { queuePath } from './bindings.ts'

/** How many queues are asked at once. */
const askedAtOnce = 8

const units = [[86_400_000, 'd'], [3_600_000, 'h'], [60_000, 'm'], [1_000, 's']] as const

/** The schedules of a queue, or of every queue of the binding in the order of the manifest. */
export async function schedulesOf(url: string, binding: string, queue: string | undefined): Promise<readonly Schedule[]> {
  const queues = queue === undefined ? await queuesOf(url, binding) : [queue]
  const found: Schedule[] = []
  for (let from = 0; from < queues.length; from += askedAtOnce) {
    // A Portico answered: these are schedules.
    const answers = await Promise.all(queues.slice(from, from + askedAtOnce).map((name) => askServer(url, 'GET', queuePath(binding, name, 'schedules')) as Promise<{ readonly items: readonly Schedule[] }>))
    found.push(...answers.flatMap(({ items }) => items))
  }
  return found
}

async function queuesOf(url: string, binding: string): Promise<readonly string[]> {
  // A Portico answered: these are the counts of its queues.
  const { items } = await askServer(url, 'GET', `/v1/${encodeURIComponent(binding)}`) as { readonly items: readonly QueueCounts[] }
  return items.map(({ queue }) => queue)
}

/** `0 3 * * *`, or `every 15m` as the manifest would write it. */
export function whenOf({ cron, everyMs = 0 }: Schedule): string {
  if (cron !== undefined) return cron
  const [size, unit] = units.find(([size]) => everyMs % size === 0) ?? [1, 'ms']
  return `every ${everyMs / size}${unit}`
}
