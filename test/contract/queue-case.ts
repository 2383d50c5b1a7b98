import type { ExecutionContext } from 'ava'
import type { BoundOperations, Unit } from '../../kernel/plugin.ts'
import type { Job, Lease, QueueCapability, QueueOperations } from '../../kernel/ports/queue/index.ts'
import type { SteppedClock, VirtualClock } from './clock.ts'

export type BoundQueue = BoundOperations<QueueOperations>

export interface QueueParts {
  readonly queue: BoundQueue
  /** Another binding of the same queues on the same backend: another replica. */
  readonly other: BoundQueue
  readonly clock: VirtualClock | SteppedClock
  /** An open unit of work on the binding's connection. */
  unit(): { readonly unit: Unit; commit(): Promise<void> }
}

/** Starts the queues of `contractQueues` on an empty backend. */
export interface QueueHarness {
  start(t: ExecutionContext): Promise<QueueParts>
}

export interface QueueCase {
  readonly title: string
  /** It runs where all of these are declared. */
  readonly needs: readonly QueueCapability[]
  /** It waits for longer than a backend with a time of its own can be waited for. */
  readonly long?: true
  run(t: ExecutionContext, harness: QueueHarness): Promise<void>
}

/** What the cases work on, as the manifest writes it: for a driver that declares these capabilities. */
export function contractQueues(capabilities: readonly string[]): Readonly<Record<string, object>> {
  const of = { key: '$.of' }
  const has = (capability: QueueCapability) => capabilities.includes(capability)
  return {
    emails: {},
    strict: { attempts: 2, backoff: { initial: '1s', max: '1s' }, lease: '1s', maxCrashes: 2, keep: { done: '1h', dead: '2h' }, maxPayload: '1KiB' },
    parking: {},
    typed: { schema: { type: 'object', properties: { to: { type: 'string' } }, required: ['to'] } },
    ...(has('limits') && { few: { limits: { concurrent: 2 } }, keyed: { limits: { perKey: 2, ...of } }, slow: { limits: { rate: { jobs: 3, per: '9s' } } } }),
    ...(has('ordering') && { ordered: { attempts: 5, limits: { perKey: 1, ...of } } }),
    ...(has('priority') && { aged: { ageing: '500ms' } }),
    ...(has('deadline') && { hurried: { deadline: '4s' } }),
  }
}

type Body = (t: ExecutionContext, parts: QueueParts) => Promise<void>

export function promise(title: string, needs: readonly QueueCapability[], body: Body): QueueCase {
  return { title, needs, run: async (t, harness) => body(t, await harness.start(t)) }
}

/** A case that only a clock which is moved by hand can end. */
export function longPromise(title: string, needs: readonly QueueCapability[], body: Body): QueueCase {
  return { ...promise(title, needs, body), long: true }
}

export async function leaseOne(queue: BoundQueue, input: { queue: string; leaseMs?: number; workerId?: string }): Promise<Lease> {
  const [lease] = (await queue.lease(input)).items
  if (!lease) throw new Error(`no job was ready in ${input.queue}`)
  return lease
}

/** All that is ready: a lease may hand out fewer than were asked for. */
export async function leaseAll(queue: BoundQueue, input: { queue: string }): Promise<readonly Lease[]> {
  const all: Lease[] = []
  for (let got = await queue.lease({ ...input, max: 100 }); got.items.length > 0; got = await queue.lease({ ...input, max: 100 })) all.push(...got.items)
  return all
}

export const idsOf = (items: readonly { readonly job: Job }[]) => items.map(({ job }) => job.id)
/** Of a lease that a slow machine must not lose, where the queue's own is a second. */
export const leaseMs = 60_000
export const lost = { code: 'QUEUE_LEASE_LOST' }
export const nul = String.fromCharCode(0)

/** The time that was told, to within what the clock allows. */
export function near(t: ExecutionContext, clock: QueueParts['clock'], actualMs: number, expectedMs: number): void {
  t.true(Math.abs(actualMs - expectedMs) <= clock.toleranceMs, `${actualMs} is not ${expectedMs}`)
}

const turnMs = 10
/** So many turns after a move it moves as far again: a slow machine may not have let the caller wait by the first one. */
const turnsAMove = 200
const mostTurns = 4_000

/** Moves the clock on until the promise is kept: what a timer starts takes real time. */
export async function moveUntil(kept: Promise<unknown>, clock: QueueParts['clock'], ms: number): Promise<void> {
  let pending = true
  const settle = () => { pending = false }
  kept.then(settle, settle)
  // Let the caller reach the backend and begin to wait.
  await new Promise((resolve) => setTimeout(resolve, 30))
  await clock.advance(ms)
  for (let turns = 1; pending && turns < mostTurns; turns++) {
    await new Promise((resolve) => setTimeout(resolve, turnMs))
    // Far enough for a clock that ran ahead of the server's while the caller was on its way there.
    await clock.advance(turns % turnsAMove === 0 ? ms : turnMs)
  }
}

/** Time enough for a wake-up to come from another replica. */
const wakeMs = 1_000

/** What a wake-up brings; where none leaves its process, what the next look finds, for which the clock moves on. */
export async function woken<A>(waiting: Promise<A>, clock: QueueParts['clock']): Promise<A> {
  const late = Symbol('late')
  const first = await Promise.race([waiting, new Promise<symbol>((resolve) => setTimeout(() => resolve(late), wakeMs))])
  if (first === late) await moveUntil(waiting, clock, wakeMs)
  return waiting
}
