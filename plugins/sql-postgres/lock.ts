import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Call } from '../../kernel/plugin.ts'
import { databaseError } from '../../kernel/ports/sql/index.ts'
import type { Pool } from './pool.ts'

const pollMs = 50

/**
 * Runs `body` while this session holds the advisory lock of that name; the server frees it with the session. It is asked
 * for again and again: a session that waits inside the server has a snapshot, and `create index concurrently` in the body
 * would wait for it for ever.
 */
export async function holdLock<T>(pool: Pool, connection: string, name: string, call: Call, body: () => Promise<T>): Promise<T> {
  const key = createHash('sha256').update(`portico ${name}`).digest().readBigInt64BE()
  const client = await pool.acquire(call)
  const lost = Promise.withResolvers<never>()
  // Whoever waits for the body is told; without a body there is nobody to tell.
  lost.promise.catch(() => undefined)
  const onLost = (error?: Error) => { lost.reject(databaseError(connection, 'unavailable', '', error)) }
  client.on('error', onLost)
  client.on('end', onLost)
  try {
    await acquire()
    return await Promise.race([body(), lost.promise])
  } finally {
    client.off('end', onLost)
    // Closing the session frees the lock, whatever state it is in.
    pool.discard(client)
    client.off('error', onLost)
  }

  async function acquire(): Promise<void> {
    for (;;) {
      const asked = client.query<{ readonly held: boolean }>('select pg_try_advisory_lock($1::bigint) as held', [key.toString()])
      const { rows } = await Promise.race([asked, lost.promise])
      if (rows[0]?.held) return
      if (call.remainingMs() <= pollMs) throw databaseError(connection, 'busy', 'the lock did not come free within the deadline')
      await sleep(pollMs)
    }
  }
}
