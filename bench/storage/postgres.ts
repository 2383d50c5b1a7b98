import { nextVersion, type Peer, type Place, connections } from './peer.ts'

interface Row {
  readonly text: string
  readonly version: string
}

/** pg by hand, over the table that Portico made. */
export async function postgresPeer({ url, table }: Place): Promise<Peer> {
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({ connectionString: url, max: connections })
  const [key] = (await pool.query<{ name: string }>(`select column_name as name from information_schema.columns where table_schema = current_schema() and table_name = $1 and column_name like 'k\\_%'`, [table])).rows
  const columns = `id, value::text as text, version, created_at as "createdAtMs", updated_at as "updatedAtMs", expires_at as "expiresAtMs"`
  const live = `(expires_at is null or expires_at > floor(extract(epoch from statement_timestamp()) * 1000))`
  const bound = async (direction: 'asc' | 'desc') => (await pool.query<{ key: Buffer }>(`select ${key?.name} as key from ${table} order by ${key?.name} ${direction} limit 1`)).rows[0]?.key
  const [low, high] = [await bound('asc'), await bound('desc')]

  const one = { name: 'one', text: `select ${columns} from ${table} where ${live} and id = $1` }
  const update = { name: 'update', text: `update ${table} set value = $1, version = $2, updated_at = $3, expires_at = null where ${live} and id = $4 and version = $5` }
  const page = { name: 'page', text: `select ${columns} from ${table} where ${live} and ${key?.name} >= $1 and ${key?.name} < $2 order by ${key?.name} limit $3` }
  return {
    async get(id) {
      const { rows } = await pool.query<Row>({ ...one, values: [id] })
      return JSON.parse(rows[0]?.text ?? 'null') as unknown
    },
    async put(id, value) {
      const { rows } = await pool.query<Row>({ ...one, values: [id] })
      return pool.query({ ...update, values: [JSON.stringify(value), nextVersion(), Date.now(), id, rows[0]?.version] })
    },
    async find() {
      const { rows } = await pool.query<Row>({ ...page, values: [low, high, 51] })
      return rows.map((row) => JSON.parse(row.text) as unknown)
    },
    close: () => pool.end(),
  }
}
