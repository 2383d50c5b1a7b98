import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { openDatabase } from '../../../plugins/sql-sqlite/database.ts'
import type { SqliteConnection } from '../../../plugins/sql-sqlite/driver.ts'
import { call, folder, open } from './connection.ts'

const insert = (id: string, text = '') => ({ sql: 'insert into items values (?, ?)', params: [id, text] })
const ids = async (connection: SqliteConnection) => (await connection.query<{ id: string }>({ sql: 'select id from items order by id', params: [] }, call())).map((row) => row.id)
const makeTable = (connection: SqliteConnection) => connection.define((knex) => knex.raw('create table if not exists items (id text primary key, text text)'), call())
const codes = (settled: readonly PromiseSettledResult<unknown>[]) => settled.map((one) => (one.status === 'fulfilled' ? 'ok' : (one.reason as { code: string }).code))

/** Every thread that is started while `work` runs. */
async function threadsOf(work: () => Promise<unknown>): Promise<Worker[]> {
  const threads: Worker[] = []
  const add = (worker: Worker) => void threads.push(worker)
  process.on('worker', add)
  try {
    await work()
  } finally {
    process.off('worker', add)
  }
  return threads
}

test.serial('a crash of the writing thread leaves what was in flight unknown, and what waits is written by the next thread', async (t) => {
  const file = join(folder(t), 'crash.db')
  const connection = open(t, file)
  const [thread] = await threadsOf(() => makeTable(connection))
  const blocker = openDatabase({ file, busyTimeoutMs: 0, synchronous: 'full', cacheSizeBytes: 1_048_576 })
  t.teardown(() => blocker.close())
  blocker.exec('begin immediate')

  const inFlight = connection.execute([insert('in-flight')], call())
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
  const waiting = connection.execute([insert('waiting')], call())
  const ended = thread!.terminate()
  blocker.exec('rollback')
  await ended

  t.deepEqual(codes(await Promise.allSettled([inFlight, waiting])), ['DATABASE_OUTCOME_UNKNOWN', 'ok'])
  t.true((await ids(connection)).includes('waiting'))
  await t.notThrowsAsync(connection.health(call()))
})

test.serial('a thread that crashes again and again is given up, and reads go on', async (t) => {
  const connection = open(t, join(folder(t), 'crashes.db'))
  await threadsOf(() => makeTable(connection)).then(([thread]) => thread!.terminate())
  const end = (worker: Worker) => void worker.terminate()
  process.on('worker', end)
  t.teardown(() => process.off('worker', end))

  await t.throwsAsync(connection.execute([insert('a')], call()), { code: 'DATABASE_UNAVAILABLE' })
  await t.throwsAsync(connection.execute([insert('b')], call()), { code: 'DATABASE_UNAVAILABLE' })

  await t.throwsAsync(connection.health(call()), { code: 'DATABASE_UNAVAILABLE' })
  t.deepEqual(await ids(connection), [])
})

for (const writer of ['worker', 'main'] as const) {
  test.serial(`writer: ${writer}: another process that writes for too long makes writes busy, and they work afterwards`, async (t) => {
    const file = join(folder(t), 'busy.db')
    const connection = open(t, file, { writer, busyTimeoutMs: 20 })
    await makeTable(connection)
    const blocker = openDatabase({ file, busyTimeoutMs: 0, synchronous: 'full', cacheSizeBytes: 1_048_576 })
    t.teardown(() => blocker.close())

    blocker.exec('begin immediate')
    await t.throwsAsync(connection.execute([insert('a')], call()), { code: 'DATABASE_BUSY' })
    t.deepEqual(await ids(connection), [])
    blocker.exec('rollback')

    await connection.execute([insert('b')], call())
    t.deepEqual(await ids(connection), ['b'])
  })
}

test.serial('past the deadline, what was sent is unknown and what waited never runs', async (t) => {
  const file = join(folder(t), 'late.db')
  const connection = open(t, file, { busyTimeoutMs: 60_000 })
  await makeTable(connection)
  const blocker = openDatabase({ file, busyTimeoutMs: 0, synchronous: 'full', cacheSizeBytes: 1_048_576 })
  t.teardown(() => blocker.close())
  blocker.exec('begin immediate')

  const sent = connection.execute([insert('sent')], call(1_000))
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
  const waited = connection.execute([insert('waited')], call(1_000))
  const patient = connection.execute([insert('patient')], call())

  t.deepEqual(codes(await Promise.allSettled([sent, waited])), ['DATABASE_OUTCOME_UNKNOWN', 'DATABASE_BUSY'])
  blocker.exec('rollback')
  await patient
  t.deepEqual(await ids(connection), ['patient', 'sent'])
})

test.serial('more programs than may wait are refused at once', async (t) => {
  const file = join(folder(t), 'crowd.db')
  const connection = open(t, file)
  await makeTable(connection)

  const settled = await Promise.allSettled(Array.from({ length: 10_100 }, (_, at) => connection.execute([insert(String(at))], call())))
  const large = 'x'.repeat(16 * 1024 * 1024)
  const bulky = await Promise.allSettled(Array.from({ length: 5 }, (_, at) => connection.execute([insert(`large-${at}`, large)], call())))

  t.is(codes(settled).filter((code) => code === 'DATABASE_BUSY').length, 100)
  t.is((await ids(connection)).length, 10_000 + 3)
  t.deepEqual(codes(bulky), ['ok', 'ok', 'ok', 'DATABASE_BUSY', 'DATABASE_BUSY'])
})

test.serial('a program larger than all that may wait is run when it waits alone', async (t) => {
  const connection = open(t, join(folder(t), 'bulk.db'))
  await makeTable(connection)

  const quarter = 'x'.repeat(17 * 1024 * 1024)
  const bulk = connection.execute(Array.from({ length: 4 }, (_, at) => insert(String(at), quarter)), call())
  const beside = t.throwsAsync(connection.execute([insert('beside', quarter)], call()), { code: 'DATABASE_BUSY' })

  await beside
  t.deepEqual(await bulk, [1, 1, 1, 1])
})

test.serial('closing commits what was accepted, and refuses what comes after', async (t) => {
  for (const writer of ['worker', 'main'] as const) {
    const file = join(folder(t), `${writer}.db`)
    const connection = open(t, file, { writer })
    await makeTable(connection)

    const accepted = Array.from({ length: 50 }, (_, at) => connection.execute([insert(String(at))], call()))
    const closed = connection.close()
    await t.throwsAsync(connection.execute([insert('late')], call()), { code: 'DATABASE_UNAVAILABLE' })
    await Promise.all([...accepted, closed])

    t.is((await ids(open(t, file))).length, 50)
    t.notThrows(() => chmodSync(file, 0o600))
  }
})

for (const writer of ['worker', 'main'] as const) {
  const mount = mountable()
  const run = mount ? test.serial : test.serial.skip
  run(`writer: ${writer}: a full disk refuses what does not fit, reads go on, and it recovers`, async (t) => {
    const disk = smallDisk(t)
    const connection = open(t, join(disk, 'full.db'), { writer })
    await makeTable(connection)

    const acknowledged: string[] = []
    let full = 0
    for (let at = 0; full < 3 && at < 500; at++) {
      const settled = await Promise.allSettled(Array.from({ length: 8 }, (_, lane) => connection.execute([insert(`${at}-${lane}`, 'x'.repeat(20_000))], call())))
      settled.forEach((one, lane) => {
        if (one.status === 'fulfilled') acknowledged.push(`${at}-${lane}`)
        else t.is((one.reason as { code: string }).code, 'DATABASE_FULL')
      })
      if (settled.some((one) => one.status === 'rejected')) full++
    }

    t.is(full, 3)
    t.deepEqual(await ids(connection), acknowledged.toSorted())
    execFileSync('mount', ['-o', 'remount,size=32m', disk])
    await connection.execute([insert('after', 'x'.repeat(20_000))], call())
    t.true((await ids(connection)).includes('after'))
  })
}

const onSmallDisk = mountable() ? test.serial : test.serial.skip
onSmallDisk('a program that finds no room at the commit takes none of those beside it along', async (t) => {
  const disk = smallDisk(t)
  const connection = open(t, join(disk, 'full.db'), { cacheSizeBytes: 16_777_216 })
  await makeTable(connection)
  writeFileSync(join(disk, 'filler'), Buffer.alloc(1_200_000))
  const huge = insert('huge', 'x'.repeat(1_000_000))

  const settled = await Promise.allSettled([insert('a'), huge, insert('b')].map((step) => connection.execute([step], call())))
  t.deepEqual(codes(settled), ['ok', 'DATABASE_FULL', 'ok'])
  t.deepEqual(await ids(connection), ['a', 'b'])

  rmSync(join(disk, 'filler'))
  await connection.execute([huge], call())
  t.deepEqual(await ids(connection), ['a', 'b', 'huge'])
})

function mountable(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/proc/mounts')
}

function smallDisk(t: ExecutionContext): string {
  const disk = join(folder(t), 'disk')
  mkdirSync(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk])
  t.teardown(() => execFileSync('umount', ['-l', disk]))
  return disk
}

test.serial('what cannot be opened is refused at the start, with the remedy', (t) => {
  const directory = folder(t)
  const text = join(directory, 'text.db')
  writeFileSync(text, 'this is a text, and no database at all; '.repeat(200))
  mkdirSync(join(directory, 'folder.db'))

  t.throws(() => open(t, text), { code: 'DATABASE_FAILED', message: /not an SQLite database/ })
  t.throws(() => open(t, join(directory, 'folder.db')), { code: 'DATABASE_FAILED', message: /no folder/ })
  t.throws(() => open(t, join(text, 'below.db')), { code: 'DATABASE_FAILED', message: /is a file, not a folder/ })
  t.is(statSync(text).size, 8_000)
})
