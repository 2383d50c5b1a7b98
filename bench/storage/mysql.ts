import type { RowDataPacket } from 'mysql2/promise'
import { nextVersion, type Peer, type Place, connections } from './peer.ts'

interface Row {
  readonly text: string
  readonly version: string
}

/** mysql2 by hand, over the table that Portico made. */
export async function mysqlPeer({ url, table }: Place): Promise<Peer> {
  const { createPool } = await import('mysql2/promise')
  const pool = createPool({ uri: url, connectionLimit: connections, jsonStrings: true })
  // The columns stand in the text, which TypeScript does not read: their types are the word of who wrote it.
  const rowsOf = async <R>(text: string, values: (string | number | Buffer | null)[]): Promise<readonly R[]> => (await pool.execute<(R & RowDataPacket)[]>(text, values))[0]
  const [key] = await rowsOf<{ name: string }>(`select column_name as name from information_schema.columns where table_schema = database() and table_name = ? and column_name like 'k\\_%'`, [table])
  const columns = `id, value as text, version, created_at as createdAtMs, updated_at as updatedAtMs, expires_at as expiresAtMs`
  const live = `(expires_at is null or expires_at > floor(unix_timestamp(now(3)) * 1000))`
  const [bounds] = await rowsOf<{ low: Buffer; high: Buffer }>(`select min(${key?.name}) as low, max(${key?.name}) as high from ${table}`, [])

  const one = `select ${columns} from ${table} where ${live} and id = ?`
  const update = `update ${table} set value = ?, version = ?, updated_at = ?, expires_at = null where ${live} and id = ? and version = ?`
  const page = `select ${columns} from ${table} where ${live} and ${key?.name} >= ? and ${key?.name} < ? order by ${key?.name} limit 51`
  return {
    async get(id) {
      const [row] = await rowsOf<Row>(one, [id])
      return JSON.parse(row?.text ?? 'null') as unknown
    },
    async put(id, value) {
      const [row] = await rowsOf<Row>(one, [id])
      return pool.execute(update, [JSON.stringify(value), nextVersion(), Date.now(), id, row?.version ?? ''])
    },
    async find() {
      return (await rowsOf<Row>(page, [bounds?.low ?? null, bounds?.high ?? null])).map((row) => JSON.parse(row.text) as unknown)
    },
    close: () => pool.end(),
  }
}
