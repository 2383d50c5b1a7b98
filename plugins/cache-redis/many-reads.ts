import type { Call } from '../../kernel/plugin.ts'
import type { CacheRow } from '../../kernel/ports/cache/index.ts'
import { databaseError, type RedisConnection } from '../../kernel/ports/redis/index.ts'
import type { Names } from './names.ts'
import { toRow } from './row.ts'
import { readScript } from './scripts/rows.ts'

/** A script keeps the server from everything else: it looks at so many rows. */
const maxKeys = 100

/** What a script reads before it stops because its rows are large: an answer keeps all others of the connection waiting. */
interface Bounds {
  /** So many rows are read before their bytes are looked at; each look costs the server half of a row. */
  readonly rowsAtOnce: number
  readonly enoughBytes: number
}

const bounds: Bounds = { rowsAtOnce: 2, enoughBytes: 1024 ** 2 }

type Rows = readonly (CacheRow | undefined)[]

export interface ReadParts {
  readonly connection: RedisConnection
  readonly names: Names
  readonly call: Call
}

/**
 * The rows of the first keys: of a hundred at most, and of fewer when they are large. One script after the other, for what several
 * bring together would keep those waiting who read little.
 */
export async function readMany(keys: readonly string[], parts: ReadParts): Promise<Rows> {
  const [nowMs, texts] = await runRead(keys.slice(0, maxKeys), parts, bounds)
  try {
    return texts.map((text) => (text === null ? undefined : toRow(text, nowMs)))
  } catch (cause) {
    throw databaseError('cache', 'failed', 'a row is not as this driver writes them', cause)
  }
}

/** The server's time, and a text or null for each key that the script came to. */
export async function runRead(keys: readonly string[], { connection, names, call }: ReadParts, { rowsAtOnce, enoughBytes }: Bounds): Promise<readonly [number, readonly (string | null)[]]> {
  const values = [...keys, String(rowsAtOnce), String(enoughBytes), connection.serverRun]
  const reply = await connection.run(readScript, [names.state, ...keys.map((key) => names.row(key))], values, call)
  const [nowMs, ...texts] = reply as readonly [number, ...(string | null)[]]
  return [nowMs, texts]
}
