import { systemClock } from '../../../kernel/clock.ts'
import { openSqlite } from '../../../plugins/sql-sqlite/driver.ts'
import { call, silentLog } from './connection.ts'

// Started by kill.test.ts: writes from many lanes, and prints each id once it was answered, until it is killed.
const [, , file = '', round = '', writer = 'worker'] = process.argv
const connection = openSqlite({
  connection: 'main', log: silentLog, clock: systemClock,
  settings: { file, writer: writer === 'main' ? 'main' : 'worker', busyTimeoutMs: 5_000, synchronous: 'full', cacheSizeBytes: 2_097_152 },
})
await connection.define((knex) => knex.raw('create table if not exists items (id text not null, half integer not null)'), call())

async function lane(number: number): Promise<never> {
  for (let at = 0; ; at++) {
    const id = `${round}-${number}-${at}`
    await connection.execute([0, 1].map((half) => ({ sql: 'insert into items values (?, ?)', params: [id, half] })), call())
    process.stdout.write(`${id}\n`)
  }
}

await Promise.all(Array.from({ length: 16 }, (_, number) => lane(number)))
