import type { ExecutionContext } from 'ava'
import mysql from 'mysql2/promise'
import { systemClock } from '../../kernel/clock.ts'
import { openMysql, type OpenParts } from '../../plugins/sql-mysql/open.ts'
import { inlined } from '../../plugins/sql-mysql/message.ts'
import { serverOf, tooOld } from '../../plugins/sql-mysql/server.ts'
import { sqlContract } from '../contract/sql.ts'
import { call, silentLog } from '../plugins/sql-sqlite/connection.ts'
import { testWith } from './server.ts'

const plain = { enabled: false, ca: undefined, certificate: undefined, key: undefined } as const
const defaults = {
  maxConnections: 10, minConnections: 0, acquireTimeoutMs: 5_000, connectTimeoutMs: 5_000, connectWithinMs: 5_000, statementTimeoutMs: 30_000,
  lockTimeoutMs: 5_000, idleTimeoutMs: 60_000, tls: plain,
} as const

function open(t: ExecutionContext, settings: Partial<OpenParts['settings']> & { readonly url: string }) {
  return openMysql({
    connection: 'main', log: silentLog, clock: systemClock, signal: new AbortController().signal, settings: { ...defaults, ...settings },
    onClose: (close) => t.teardown(close),
  })
}

/** A database that is gone when the test ends. */
async function databaseOf(t: ExecutionContext, url: string): Promise<string> {
  const name = `t_${crypto.randomUUID().replaceAll('-', '')}`
  const client = await mysql.createConnection(url)
  await client.query(`create database ${name}`)
  t.teardown(async () => {
    await client.query(`drop database ${name}`)
    await client.end()
  })
  const own = new URL(url)
  own.pathname = `/${name}`
  return own.href
}

for (const { title, run } of sqlContract) {
  testWith(['MARIADB'], title, async (t, url = '') => {
    const own = await databaseOf(t, url)
    await run(t, { call, connect: () => open(t, { url: own }) })
  })
}

testWith(['MARIADB'], 'what cannot work is refused at once, with what to change', async (t, url = '') => {
  const wrong = (change: (url: URL) => void) => {
    const changed = new URL(url)
    change(changed)
    return changed.href
  }
  const reasons: readonly (readonly [Partial<OpenParts['settings']> & { url: string }, RegExp])[] = [
    [{ url: wrong((one) => { one.password = 'wrong' }) }, /user portico or its password is refused/],
    [{ url: wrong((one) => { one.pathname = '/nowhere' }) }, /no database nowhere/],
    [{ url: wrong((one) => { one.pathname = '' }) }, /names no database/],
    [{ url, tls: { ...plain, enabled: true } }, /TLS/],
  ]
  for (const [settings, message] of reasons) await t.throwsAsync(open(t, settings), { code: 'DATABASE_FAILED', message })
  await t.throwsAsync(open(t, { url: wrong((one) => { one.port = '1' }), connectWithinMs: 300 }), { code: 'DATABASE_UNAVAILABLE' })
})

testWith(['MARIADB'], 'a value that is written into a statement arrives as it was, whatever stands in it', async (t, url = '') => {
  const client = await mysql.createConnection({ uri: url, charset: 'utf8mb4_bin' })
  t.teardown(() => client.end())
  const texts = [`'`, `\\`, `\\'; drop table x; --`, `"?"`, '?', '\n\r\t\b\x1a', '\u{1f600}', '%_', `''`, '`', '\\\\', `?'?"?\`?`]
  for (const value of texts) {
    const [rows] = await client.query(inlined({ sql: 'select ? as value, \'?\' as `a?b`', params: [value] }))
    t.deepEqual((rows as { value: string; 'a?b': string }[])[0], { value, 'a?b': '?' })
  }
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at)
  const [rows] = await client.query(inlined({ sql: 'select ? as bytes, ? as n, cast(? as char) as big, ? as nothing', params: [bytes, 1e21, 2n ** 62n, null] }))
  const [row] = rows as { bytes: Buffer; n: number; big: unknown; nothing: null }[]
  t.deepEqual([[...(row?.bytes ?? [])], row?.n, String(row?.big), row?.nothing], [[...bytes], 1e21, String(2n ** 62n), null])
})

testWith(['MARIADB'], 'a server that is too old is refused with its version', (t) => {
  const cases = [['8.0.36', undefined], ['8.0.17', undefined], ['8.0.13', 'MySQL 8.0.13'], ['5.7.44-log', 'MySQL 5.7.44-log'], ['10.11.19-MariaDB-0+deb12u1', undefined], ['5.5.5-10.5.9-MariaDB', 'MariaDB 10.5.9-MariaDB'], ['11.4.2-MariaDB', undefined], ['9.1.0', undefined]] as const
  for (const [version, told] of cases) {
    const refusal = tooOld(serverOf(version, 'shop'))
    t.is(refusal === undefined, told === undefined, version)
    if (told !== undefined) t.true(refusal?.includes(told), refusal)
  }
})
