import test from 'ava'
import Database from 'better-sqlite3'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { openDatabase } from '../../../plugins/sql-sqlite/database.ts'
import { TurnSnapshot } from '../../../plugins/sql-sqlite/turn-snapshot.ts'
import { Writer } from '../../../plugins/sql-sqlite/writer.ts'
import { call } from './connection.ts'

/** A handle that reads through a snapshot, and another program's on the same file. */
function twoHandles(t: { teardown(end: () => void): void }) {
  const directory = mkdtempSync(join(tmpdir(), 'portico-snapshot-'))
  const file = join(directory, 'a.db')
  const database = openDatabase({ file, busyTimeoutMs: 100, synchronous: 'normal', cacheSizeBytes: 1_048_576 })
  database.exec('create table t (n integer); insert into t values (0)')
  const other = new Database(file)
  t.teardown(() => {
    other.close()
    database.close()
    rmSync(directory, { recursive: true })
  })

  const snapshot = new TurnSnapshot(database)
  const statement = database.prepare<[], { n: number }>('select n from t')
  const read = () => {
    snapshot.join()
    return statement.get()?.n
  }
  const write = (n: number) => other.prepare('update t set n = ?').run(n)
  return { database, snapshot, read, write }
}

test('what another program writes is read in the next turn at the latest, and nothing stays open', async (t) => {
  const { database, read, write } = twoHandles(t)
  t.deepEqual([read(), read()], [0, 0])
  t.true(database.inTransaction)
  write(1)
  t.is(read(), 0)

  await nextTurn()
  t.false(database.inTransaction)
  t.is(read(), 1)
})

test('after `end` what is committed is read, in the same turn', (t) => {
  const { snapshot, read, write } = twoHandles(t)
  t.deepEqual([read(), read(), read()], [0, 0, 0])
  write(1)
  snapshot.end()

  t.deepEqual([read(), read()], [1, 1])
})

test('a loop of awaited reads, all in one turn, sees what is written meanwhile', async (t) => {
  const { read, write } = twoHandles(t)
  for (let n = 0; n < 10; n++) await Promise.resolve(read())
  write(1)

  let seen: number | undefined = 0
  let reads = 0
  while (seen === 0 && reads++ < 1_000) seen = await Promise.resolve(read())
  t.true(reads <= 64, `${reads}`)
})

test('a lone read opens no transaction', async (t) => {
  const { database, read } = twoHandles(t)
  read()
  t.false(database.inTransaction)

  await nextTurn()
  read()
  t.false(database.inTransaction)
})

test('a write is answered after the snapshot of its turn has ended', async (t) => {
  const events: string[] = []
  const writer = new Writer('main', { end: () => void events.push('snapshot ended') })
  writer.use({ isReady: true, start: () => undefined, run: () => { writer.answered([1]) }, define: () => undefined, close: async () => undefined })

  await writer.run([{ sql: 'update t set n = 1', params: [] }], call())
  events.push('answered')
  t.deepEqual(events, ['snapshot ended', 'answered'])
})
