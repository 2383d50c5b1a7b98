import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type mysql from 'mysql2'
import type { Call } from '../../kernel/plugin.ts'
import { databaseError } from '../../kernel/ports/sql/index.ts'
import { ask, within } from './client.ts'
import { isLost, toDatabaseError } from './faults.ts'
import type { Pool } from './pool.ts'

/** So long the server waits for the lock before it is asked again. MySQL takes whole seconds. */
const waitSeconds = 1
/** Towards the deadline it is asked at this pace; with less time left it is given up. */
const pollMs = 20
/** How often a session that only holds its lock is asked whether it is still there, and how long that may take. */
const pingEveryMs = 5_000
const pingWithinMs = 5_000

/** Runs `body` while this session holds the lock of that name in this database; the server frees it with the session. */
export async function holdLock<T>(pool: Pool, connection: string, database: string, name: string, call: Call, body: () => Promise<T>): Promise<T> {
  // Its locks are those of the whole server, and their names 64 characters at most.
  const key = createHash('sha256').update(JSON.stringify(['portico', database, name])).digest('hex')
  const client = await pool.acquire(call)
  const lost = Promise.withResolvers<never>()
  // Whoever waits for the body is told; without a body there is nobody to tell.
  lost.promise.catch(() => undefined)
  const onLost = (error?: unknown) => { lost.reject(databaseError(connection, 'unavailable', '', error)) }
  client.on('end', onLost)
  client.on('error', onLost)
  let pings: NodeJS.Timeout | undefined
  try {
    await acquire(client, connection, key, call)
    pings = setInterval(() => { within(client, pingWithinMs, () => ask(client, 'do 0')).catch(onLost) }, pingEveryMs)
    return await Promise.race([body(), lost.promise])
  } finally {
    clearInterval(pings)
    client.off('end', onLost)
    // Closing the session frees the lock, whatever state it is in.
    pool.discard(client)
  }
}

async function acquire(client: mysql.PoolConnection, connection: string, key: string, call: Call): Promise<void> {
  for (;;) {
    const leftMs = call.remainingMs()
    if (leftMs <= pollMs) throw databaseError(connection, 'busy', 'the lock did not come free within the deadline')
    const seconds = Math.min(waitSeconds, Math.floor(leftMs / 1_000))
    if (await locked(client, connection, key, seconds, call)) return
    if (seconds === 0) await sleep(Math.min(pollMs, leftMs))
  }
}

async function locked(client: mysql.PoolConnection, connection: string, key: string, seconds: number, call: Call): Promise<boolean> {
  try {
    const rows = (await within(client, call.remainingMs(), () => ask(client, `select get_lock('${key}', ${seconds}) as held`))) as readonly { readonly held: number }[]
    return rows[0]?.held === 1
  } catch (error) {
    // The deadline came before the answer: that is a lock which did not come free.
    throw isLost(error) && call.remainingMs() <= pollMs ? databaseError(connection, 'busy', '', error) : toDatabaseError(connection, error)
  }
}
