import { systemClock } from '../../../kernel/clock.ts'
import { openSqlite } from '../../../plugins/sql-sqlite/driver.ts'
import { call, silentLog } from './connection.ts'

// Started by kill.test.ts: takes a lock, says so, and keeps it until it is killed.
const [, , file = ''] = process.argv
const connection = openSqlite({
  connection: 'main', log: silentLog, clock: systemClock,
  settings: { file, writer: 'main', busyTimeoutMs: 5_000, synchronous: 'full', cacheSizeBytes: 2_097_152 },
})
await connection.lock('schema', call(), async () => {
  process.stdout.write('locked\n')
  setInterval(() => undefined, 60_000)
  await new Promise(() => undefined)
})
