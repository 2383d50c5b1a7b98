import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'
import { systemClock } from '../../kernel/clock.ts'
import type { Grant } from '../../kernel/ports/locks/index.ts'
import { lockReplicas } from '../contract/locks-replicas.ts'

const program = fileURLToPath(new URL('holding-process.ts', import.meta.url))
const name = 'held by a process'
/** Long enough for a look at it while it is held, on a slow machine, too. */
const ttlMs = 4_000
/** How long the look may take. */
const marginMs = 1_500
/** How late one that waits may get it. */
const slackMs = 10_000

/** A process that holds a lock is killed: the lock is free when its time is over, and not before. */
export async function killHolder(t: ExecutionContext, connection: object): Promise<void> {
  const { locks } = await lockReplicas(t, systemClock, connection)
  const child = spawn(process.execPath, [program, JSON.stringify(connection), name, String(ttlMs)], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => { child.kill('SIGKILL') })
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
  const { askedAtMs, ...grant } = JSON.parse(line) as Grant & { readonly askedAtMs: number }

  child.kill('SIGKILL')
  await once(child, 'exit')
  // A machine that is slow may be here too late to look.
  if (Date.now() < askedAtMs + ttlMs - marginMs) await t.throwsAsync(locks.acquire({ name, ttlMs }), { code: 'LOCK_HELD' })
  const beganMs = Date.now()
  const next = await locks.acquire({ name, ttlMs, waitMs: 30_000 })

  const tookMs = Date.now() - askedAtMs
  t.log(`${tookMs} ms after it was asked for`)
  t.true(next.fencingToken > grant.fencingToken)
  t.true(tookMs >= ttlMs && tookMs < Math.max(ttlMs, beganMs - askedAtMs) + slackMs, `${tookMs} ms`)
  await t.throwsAsync(locks.renew({ name, token: grant.token, ttlMs }), { code: 'LOCK_LOST' })
}
