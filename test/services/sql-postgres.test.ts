import type { OpenParts } from '../../plugins/sql-postgres/open.ts'
import { sqlContract } from '../contract/sql.ts'
import { call } from '../plugins/sql-sqlite/connection.ts'
import { open } from './postgres.ts'
import { databaseOf, testWith } from './server.ts'

for (const { title, run } of sqlContract) {
  testWith(['POSTGRES'], title, async (t, url = '') => {
    const { name: schema } = await databaseOf(t, url)
    await run(t, { call, connect: () => open(t, { url, schema }) })
  })
}

testWith(['POSTGRES'], 'what cannot work is refused at once, with what to change', async (t, url = '') => {
  const wrong = (change: (url: URL) => void) => {
    const changed = new URL(url)
    change(changed)
    return changed.href
  }
  const reasons: readonly (readonly [Partial<OpenParts['settings']> & { url: string }, RegExp])[] = [
    [{ url: wrong((one) => { one.password = 'wrong' }) }, /password of the user portico is refused/],
    [{ url: wrong((one) => { one.pathname = '/nowhere' }) }, /no database nowhere/],
    [{ url, tls: { enabled: true, ca: undefined, certificate: undefined, key: undefined } }, /TLS/],
    [{ url, schema: 'nowhere' }, /no schema nowhere/],
  ]
  for (const [settings, message] of reasons) await t.throwsAsync(open(t, settings), { code: 'DATABASE_FAILED', message })
  await t.throwsAsync(open(t, { url: wrong((one) => { one.port = '1' }), connectWithinMs: 300 }), { code: 'DATABASE_UNAVAILABLE' })
})

testWith(['POSTGRES'], 'a statement that is late, or whose connection breaks, fails alone: the connection serves on', async (t, url = '') => {
  const sql = await open(t, { url })

  const settled = await Promise.allSettled([
    sql.query({ sql: 'select pg_sleep(5)', params: [] }, call(100)),
    sql.execute([{ sql: 'select pg_terminate_backend(pg_backend_pid())', params: [], byKey: true }], call()),
  ])

  t.deepEqual(settled.map((one) => one.status === 'rejected' && (one.reason as { code: string }).code), ['DATABASE_BUSY', 'DATABASE_OUTCOME_UNKNOWN'])
  t.deepEqual(await sql.query({ sql: 'select 1 as one', params: [] }, call()), [{ one: 1 }])
})

testWith(['POSTGRES'], 'what is late is told as late, also where its timer came a little before the deadline', async (t, url = '') => {
  const sql = await open(t, { url })
  const codes = new Set<unknown>()

  for (let turn = 0; turn < 20; turn++) {
    await sql.query({ sql: 'select 1', params: [] }, call())
    // The loop has not looked at the clock since: the timer that is set now begins in the past.
    const untilMs = performance.now() + (turn % 5)
    while (performance.now() < untilMs);
    await sql.query({ sql: 'select pg_sleep(1)', params: [] }, call(30.7)).catch((error: unknown) => codes.add((error as { code: string }).code))
  }

  t.deepEqual([...codes], ['DATABASE_BUSY'])
})
