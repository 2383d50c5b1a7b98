import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { call, folder, open } from './connection.ts'

const program = fileURLToPath(new URL('./writing-process.ts', import.meta.url))

/** Kills a writing process once it has acknowledged `enough` writes; answers all that it acknowledged. */
async function killedAfter(enough: number, ...args: string[]): Promise<string[]> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
    if (printed.split('\n').length > enough) child.kill('SIGKILL')
  })
  await once(child, 'close')
  // What follows the last line break was cut off by the kill.
  return printed.split('\n').slice(0, -1)
}

for (const writer of ['worker', 'main'] as const) {
  test(`writer: ${writer}: after kill -9 every acknowledged write is there, whole and once`, async (t) => {
    const file = join(folder(t), 'killed.db')

    const acknowledged: string[] = []
    for (const [round, enough] of [50, 400, 1_500].entries()) acknowledged.push(...(await killedAfter(enough, file, String(round), writer)))

    const connection = open(t, file)
    const rows = await connection.query<{ id: string; halves: number }>({ sql: 'select id, count(*) as halves from items group by id', params: [] }, call())
    const found = new Map(rows.map((row) => [row.id, row.halves]))
    t.true(acknowledged.length >= 1_950)
    t.deepEqual(acknowledged.filter((id) => found.get(id) !== 2), [])
    t.deepEqual(rows.filter((row) => row.halves !== 2), [])
    t.deepEqual(await connection.query({ sql: 'pragma integrity_check', params: [] }, call()), [{ integrity_check: 'ok' }])
  })

  test(`writer: ${writer}: a lock is free once the process that held it was killed`, async (t) => {
    const file = join(folder(t), 'locked.db')
    const holder = fileURLToPath(new URL('./locking-process.ts', import.meta.url))
    const child = spawn(process.execPath, [holder, file], { stdio: ['ignore', 'pipe', 'inherit'] })
    t.teardown(() => child.kill('SIGKILL'))
    await once(child.stdout, 'data')
    const connection = open(t, file, { writer })

    await t.throwsAsync(connection.lock('schema', call(60), async () => undefined), { code: 'DATABASE_BUSY' })
    child.kill('SIGKILL')
    await once(child, 'close')

    t.is(await connection.lock('schema', call(), async () => 'mine'), 'mine')
  })
}
