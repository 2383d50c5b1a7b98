import { hash, randomBytes } from 'node:crypto'
import type { Call } from '../../call.ts'
import { kernelError, type PorticoError, unsupported } from '../../errors.ts'
import type { PortParts } from '../definition.ts'
import { badText } from '../text.ts'
import type { LocksDriver, LockWanted } from './driver.ts'
import { Elections } from './elections.ts'
import { lockError } from './errors.ts'
import { LockFigures } from './figures.ts'
import { Lines } from './lines.ts'
import type { Grant, LocksInProcess, LocksOperations } from './operations.ts'

/** Callers that may wait for locks of one binding at once. */
const maxWaiting = 4_096
const maxNameBytes = 255
/** How often who waits looks again by itself: where a wake-up reaches everyone it is only the net. */
const lookAgainMs = { everyone: 5_000, process: 500 } as const
/** For giving back what nobody waits for any more. */
const giveBackWithinMs = 5_000

type Attempt = Grant | { readonly heldForMs: number }

/** A request for a lock, under the one token that it can be granted. */
interface Request extends LockWanted {
  /** Its caller may come again: what it was granted stays for that. */
  readonly repeatable: boolean
}

/** The meaning of the operations over any driver. */
export function implementLocks({ driver, binding, clock, log, meters, onDrain, onClose }: PortParts<LocksDriver, object>): LocksOperations & LocksInProcess {
  const lines = new Lines(clock, maxWaiting, (name, listener) => driver.onWake(name, listener))
  const figures = new LockFigures(meters)
  let closed = false
  const letGo = () => {
    closed = true
    elections.stop()
    lines.close()
  }
  onDrain?.(letGo)
  onClose(async () => {
    letGo()
    await elections.close()
  })

  /** What is surely left of `ttlMs`, by the time since it was asked for. Clocks tell whole milliseconds: of the last one nobody knows whether it is over. */
  const left = (ttlMs: number, askedMs: number) => Math.max(0, ttlMs - Math.max(0, clock.now() - askedMs) - 1)

  async function attempt({ name, token, ttlMs }: Request, call: Call, how: 'acquire' | 'look' = 'acquire'): Promise<Attempt> {
    const askedMs = clock.now()
    const answer = await driver[how]({ name, token, ttlMs }, call)
    if ('released' in answer) throw lost(name)
    return 'heldForMs' in answer ? answer : { token, fencingToken: answer.fencingToken, expiresInMs: left(answer.leftMs ?? ttlMs, askedMs) }
  }

  /** In line, until it is granted or `untilMs` passed. */
  async function wait(request: Request, untilMs: number, call: Call): Promise<Grant> {
    const { name, ttlMs, repeatable } = request
    if (lines.full) throw lockError('LOCK_TOO_MANY_WAITING', { binding, max: lines.max }, { retryAfterMs: 1_000 })
    const place = lines.enter(name)
    figures.waiting.value = lines.count
    try {
      for (;;) {
        const { first, wakes } = place
        let restMs = Number.POSITIVE_INFINITY
        // One that is a repeat may have what the others wait for.
        if (first || repeatable) {
          const answer = await attempt(request, call, first ? 'acquire' : 'look')
          if ('token' in answer) {
            place.freeAtMs = clock.now() + ttlMs
            if (repeatable || !call.signal.aborted) return answer
            await giveBack(name, answer, call)
            throw kernelError('CALL_ABORTED', { operation: 'acquire' })
          }
          place.freeAtMs = clock.now() + answer.heldForMs
          restMs = Math.max(1, Math.min(first ? answer.heldForMs : Number.POSITIVE_INFINITY, lookAgainMs[driver.wakesReach]))
        }

        if (call.signal.aborted) throw kernelError('CALL_ABORTED', { operation: 'acquire' })
        const leftMs = Math.min(untilMs - clock.now(), call.remainingMs())
        if (leftMs <= 0 || closed) throw held(name, place.freeAtMs)
        await place.rest(wakes, Math.min(leftMs, restMs), call.signal)
      }
    } finally {
      place.leave()
      figures.waiting.value = lines.count
    }
  }

  async function acquire(request: Request, untilMs: number, call: Call): Promise<Grant> {
    const waits = untilMs > clock.now()
    // Who comes while others wait goes behind them.
    if (waits && lines.has(request.name)) return wait(request, untilMs, call)

    const answer = await attempt(request, call)
    if ('token' in answer) return answer
    if (!waits || closed) throw held(request.name, clock.now() + answer.heldForMs)
    return wait(request, untilMs, call)
  }

  /** Its caller went away while it was granted: nobody would ever release it. */
  async function giveBack(name: string, { token }: Grant, { traceId }: Call): Promise<void> {
    const own: Call = { signal: new AbortController().signal, remainingMs: () => giveBackWithinMs, traceId, text: false, degrade: () => {} }
    await driver.release({ name, token }, own)
  }

  function held(name: string, freeAtMs: number | undefined): PorticoError {
    figures.held.value++
    return lockError('LOCK_HELD', { name }, freeAtMs === undefined ? {} : { retryAfterMs: Math.max(1, freeAtMs - clock.now()) })
  }

  function lost(name: string): PorticoError {
    figures.lost.value++
    return lockError('LOCK_LOST', { name })
  }

  function check(operation: string, name: string, call: Call): void {
    const message = badName(name)
    if (message) throw kernelError('INPUT_INVALID', { operation }, { errors: [{ path: '/name', message }] })
    if (call.unit) throw unsupported('locks', { binding, what: `${operation} in a unit of work`, capability: 'units' })
  }

  const operations: LocksOperations = {
    async acquire({ name, ttlMs, waitMs = 0, requestId }, call) {
      check('acquire', name, call)
      checkRequestId(requestId)
      const askedMs = clock.now()
      const grant = await acquire({ name, ttlMs, token: tokenFor(name, requestId), repeatable: requestId !== undefined }, askedMs + waitMs, call)
      figures.grants.value++
      figures.wait.observe(Math.max(0, clock.now() - askedMs))
      return grant
    },

    async renew({ name, token, ttlMs }, call) {
      check('renew', name, call)
      const askedMs = clock.now()
      const fencingToken = isToken(token) ? await driver.renew({ name, token, ttlMs } satisfies LockWanted, call) : undefined
      if (fencingToken === undefined) throw lost(name)
      return { fencingToken, expiresInMs: left(ttlMs, askedMs) }
    },

    async release({ name, token }, call) {
      check('release', name, call)
      if (!isToken(token) || !(await driver.release({ name, token }, call))) throw lost(name)
      return { released: true }
    },
  }
  const elections = new Elections({ locks: operations, clock, log })
  return { ...operations, leader: (name, task, options) => elections.leader(name, task, options) }
}

/**
 * With a `requestId` each replica makes the same token of it, so that a backend keeps nothing of requests but the token.
 * @see docs/decisions/0069-a-request-for-a-lock-is-its-token.md
 */
function tokenFor(name: string, requestId: string | undefined): string {
  return requestId === undefined ? randomBytes(16).toString('hex') : hash('sha256', JSON.stringify([name, requestId]), 'hex').slice(0, 32)
}

function checkRequestId(requestId: string | undefined): void {
  const message = requestId === undefined ? undefined : badText(requestId)
  if (message) throw kernelError('INPUT_INVALID', { operation: 'acquire' }, { errors: [{ path: '/requestId', message }] })
}

function isToken(token: string): boolean {
  return /^[0-9a-f]{32}$/.test(token)
}

/** Why this cannot be the name of a lock; undefined when it can. */
function badName(name: string): string | undefined {
  if (name === '') return 'must not be empty'
  if (Buffer.byteLength(name) > maxNameBytes) return `must be at most ${maxNameBytes} bytes of UTF-8`
  if (name.startsWith('_')) return 'must not start with _'
  if (name === '.' || name === '..') return 'must not be . or ..'
  return badText(name)
}
