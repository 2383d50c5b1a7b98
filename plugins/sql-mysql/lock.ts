import { createHash } from 'node:crypto'
import type mysql from 'mysql2'
import type { Call } from '../../kernel/plugin.ts'
import { databaseError } from '../../kernel/ports/sql/index.ts'
import { toDatabaseError } from './faults.ts'
import { ask, type Pool, within } from './pool.ts'

/** So long the server waits for the lock before it is asked again. */
const waitSeconds = 1

/** Runs `body` while this session holds the lock of that name in this database; the server frees it with the session. */
export async function holdLock<T>(pool: Pool, connection: string, database: string, name: string, call: Call, body: () => Promise<T>): Promise<T> {
  // Its locks are those of the whole server, and their names 64 characters at most.
  const key = `portico ${createHash('sha256').update(JSON.stringify([database, name])).digest('hex').slice(0, 40)}`
  const client = await pool.acquire(call)
  const lost = Promise.withResolvers<never>()
  // Whoever waits for the body is told; without a body there is nobody to tell.
  lost.promise.catch(() => undefined)
  const onLost = (error?: unknown) => { lost.reject(databaseError(connection, 'unavailable', '', error)) }
  client.once('end', onLost)
  client.on('error', onLost)
  try {
    await acquire(client)
    return await Promise.race([body(), lost.promise])
  } finally {
    client.off('end', onLost)
    // Closing the session frees the lock, whatever state it is in.
    client.destroy()
  }

  async function acquire(of: mysql.PoolConnection): Promise<void> {
    for (;;) {
      if (call.remainingMs() <= 0) throw databaseError(connection, 'busy', 'the lock did not come free within the deadline')
      const seconds = Math.min(waitSeconds, call.remainingMs() / 1_000)
      if (await locked(of, seconds)) return
    }
  }

  async function locked(of: mysql.PoolConnection, seconds: number): Promise<boolean> {
    try {
      const rows = (await within(of, seconds * 1_000 + 5_000, () => ask(of, `select get_lock('${key}', ${seconds.toFixed(3)}) as held`))) as readonly { readonly held: number }[]
      return rows[0]?.held === 1
    } catch (error) {
      throw toDatabaseError(connection, error)
    }
  }
}
