import { randomBytes } from 'node:crypto'
import { createClient } from '@redis/client'
import Database from 'better-sqlite3'
import pg from 'pg'

/** A lock as one would write it without Portico: taken, and given back, by who knows its token. */
export interface ByHand {
  turn(name: string): Promise<void>
  close(): Promise<void>
}

const ttlMs = 60_000
const newToken = () => randomBytes(16).toString('hex')

/** A map in the process. */
export function inMemory(): ByHand {
  const held = new Map<string, { readonly token: string; readonly untilMs: number }>()
  return {
    async turn(name) {
      const token = newToken()
      const nowMs = Date.now()
      if ((held.get(name)?.untilMs ?? 0) > nowMs) throw new Error(`${name} is held`)
      held.set(name, { token, untilMs: nowMs + ttlMs })
      await Promise.resolve()
      if (held.get(name)?.token === token) held.delete(name)
    },
    close: async () => undefined,
  }
}

const table = 'create table by_hand (name varchar(255) primary key, token varchar(32), fencing bigint not null, until bigint not null)'

/** A row in a file, as durable as the plugin's: each change is synced. */
export function inSqlite(file: string): ByHand {
  const database = new Database(file)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = full')
  database.exec(table)
  const make = database.prepare('insert into by_hand values (?, null, 0, 0) on conflict do nothing')
  const take = database.prepare('update by_hand set token = ?, fencing = fencing + 1, until = ? where name = ? and until <= ? returning fencing')
  const give = database.prepare('update by_hand set token = null, until = 0 where name = ? and token = ? and until > ?')
  const made = new Set<string>()
  return {
    async turn(name) {
      if (!made.has(name)) make.run(name)
      made.add(name)
      const token = newToken()
      const nowMs = Date.now()
      if (!take.get(token, nowMs + ttlMs, name, nowMs)) throw new Error(`${name} is held`)
      await Promise.resolve()
      give.run(name, token, Date.now())
    },
    close: async () => { database.close() },
  }
}

const serverNow = '(extract(epoch from clock_timestamp()) * 1000)::bigint'

/** A row on a server, over ten connections as the plugin has them. */
export async function inPostgres(url: string): Promise<ByHand> {
  const pool = new pg.Pool({ connectionString: url, max: 10 })
  await pool.query(table)
  const take = { name: 'take', text: `update by_hand set token = $2, fencing = fencing + 1, until = ${serverNow} + $3 where name = $1 and until <= ${serverNow} returning fencing` }
  const give = { name: 'give', text: `update by_hand set token = null, until = 0 where name = $1 and token = $2 and until > ${serverNow}` }
  const made = new Set<string>()
  return {
    async turn(name) {
      if (!made.has(name)) await pool.query('insert into by_hand values ($1, null, 0, 0) on conflict do nothing', [name])
      made.add(name)
      const token = newToken()
      if ((await pool.query({ ...take, values: [name, token, ttlMs] })).rowCount !== 1) throw new Error(`${name} is held`)
      await pool.query({ ...give, values: [name, token] })
    },
    close: () => pool.end(),
  }
}

/** `SET NX`, and the script that its manual gives for the release. It has no fencing tokens. */
export async function inRedis(url: string, prefix: string): Promise<ByHand> {
  const client = createClient({ url })
  await client.connect()
  const release = await client.scriptLoad('if redis.call("get", KEYS[1]) == ARGV[1] then return redis.call("del", KEYS[1]) else return 0 end')
  return {
    async turn(name) {
      const token = newToken()
      if ((await client.set(prefix + name, token, { NX: true, PX: ttlMs })) !== 'OK') throw new Error(`${name} is held`)
      await client.evalSha(release, { keys: [prefix + name], arguments: [token] })
    },
    close: async () => { client.destroy() },
  }
}
