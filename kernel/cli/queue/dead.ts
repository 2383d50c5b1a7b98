import type { Job, JobPage, QueueCounts } from '../../ports/queue/index.ts'
import { askServer } from '../ask-server.ts'
import { InputError } from '../outcome.ts'
import { Progress } from '../transfer/progress.ts'
import type { Terminal } from '../terminal.ts'
import { queuePath } from './bindings.ts'

/** As `GET …/jobs` filters; times are full ones in UTC. */
export interface DeadFilter {
  readonly code?: string
  readonly text?: string
  readonly since?: string
  readonly before?: string
  readonly limit?: number
}

export interface DeadChoice extends DeadFilter {
  readonly all?: boolean
}

/** A queue of a running server. */
export interface QueueAt {
  readonly url: string
  readonly binding: string
  readonly queue: string
}

/** The most that a page may hold; and how many jobs one request changes: few, so that it is answered long before its deadline. */
const pageSize = 1_000
const changedAtOnce = 250

/**
 * Dead jobs page by page, the latest first. Each is met once: what dies again meanwhile died later than where the pages
 * have come to, and is not met again.
 */
export async function* deadPages({ url, binding, queue }: QueueAt, { code, text, since, before, limit }: DeadFilter): AsyncGenerator<{ readonly jobs: readonly Job[]; readonly last: boolean }> {
  for (let left = limit ?? Infinity, after: string | null | undefined; left > 0 && after !== null;) {
    const query = new URLSearchParams({ state: 'dead', limit: String(Math.min(pageSize, left)) })
    for (const [name, value] of Object.entries({ code, text, from: since, to: before, after })) if (value !== undefined) query.set(name, value)
    // A Portico answered: this is a page of jobs.
    const { items, next } = await askServer(url, 'GET', `${queuePath(binding, queue, 'jobs')}?${query.toString()}`) as JobPage
    left -= items.length
    after = next
    yield { jobs: items, last: next === null }
  }
}

/** The ids that are meant, in batches that one request takes. */
async function* batchesOf(at: QueueAt, ids: readonly string[], choice: DeadChoice): AsyncGenerator<readonly string[]> {
  const pages = choice.all ? deadPages(at, choice) : [{ jobs: [...new Set(ids)].map((id) => ({ id })) }]
  for await (const { jobs } of pages) {
    for (let from = 0; from < jobs.length; from += changedAtOnce) yield jobs.slice(from, from + changedAtOnce).map(({ id }) => id)
  }
}

export interface Changing {
  /** `redriving` */
  readonly doing: string
  /** Changes those that are dead still; how many. `before`: how many were changed before. */
  readonly change: (ids: readonly string[], before: number) => Promise<number>
}

/**
 * Changes the dead jobs that are meant, with progress; answers how many.
 * @throws InputError that tells how many were changed before it failed.
 */
export async function changeDead(at: QueueAt, ids: readonly string[], choice: DeadChoice, { doing, change }: Changing, terminal: Terminal): Promise<number> {
  const progress = new Progress(terminal.progress)
  let changed = 0
  try {
    const total = choice.all ? await expected(at, choice) : undefined
    for await (const batch of batchesOf(at, ids, choice)) {
      changed += await change(batch, changed)
      progress.show(`${doing} ${at.queue}`, changed, total === undefined ? undefined : changed / Math.max(1, total))
    }
    return changed
  } catch (error) {
    if (!(error instanceof InputError) || changed === 0) throw error
    throw new InputError(`stopped after ${changed} jobs: ${error.message}`, { cause: error.cause })
  } finally {
    progress.end()
  }
}

/** How many there are, when it is known. */
async function expected({ url, binding, queue }: QueueAt, { code, text, since, before, limit }: DeadFilter): Promise<number | undefined> {
  if ([code, text, since, before].some((given) => given !== undefined)) return undefined
  // A Portico answered: these are its counts.
  const { dead } = await askServer(url, 'GET', queuePath(binding, queue)) as QueueCounts
  return Math.min(dead, limit ?? Infinity)
}
