import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'
import { systemClock } from '../../kernel/clock.ts'
import type { Grant } from '../../kernel/ports/locks/index.ts'
import { lockReplicas } from '../contract/locks-replicas.ts'

const program = fileURLToPath(new URL('holding-process.ts', import.meta.url))
const name = 'held by a process'
const ttlMs = 1_500

/** A process that holds a lock is killed: the lock is free when its time is over, and not before. */
export async function killHolder(t: ExecutionContext, connection: object): Promise<void> {
  const { locks } = await lockReplicas(t, systemClock, connection)
  const child = spawn(process.execPath, [program, JSON.stringify(connection), name, String(ttlMs)], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => { child.kill('SIGKILL') })
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
  const heldMs = performance.now()
  const grant = JSON.parse(line) as Grant

  child.kill('SIGKILL')
  await once(child, 'exit')
  await t.throwsAsync(locks.acquire({ name, ttlMs }), { code: 'LOCK_HELD' })
  const next = await locks.acquire({ name, ttlMs, waitMs: 20_000 })

  const tookMs = performance.now() - heldMs
  t.log(`${tookMs.toFixed(0)} ms after it was known to be held`)
  t.true(next.fencingToken > grant.fencingToken)
  t.true(tookMs > grant.expiresInMs - 500 && tookMs < ttlMs + 1_000, `${tookMs} ms`)
  await t.throwsAsync(locks.renew({ name, token: grant.token, ttlMs }), { code: 'LOCK_LOST' })
}
