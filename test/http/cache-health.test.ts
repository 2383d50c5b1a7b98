import { DatabaseSync } from 'node:sqlite'
import test from 'ava'
import { createKernel } from '../../kernel/index.ts'
import { silentLog } from '../contract/log.ts'
import { testDatabase } from '../contract/test-database.ts'

test('a cache that goes on without its backend is degraded in /health, and the server stays ready', async (t) => {
  const { connection, drop } = await testDatabase('sqlite:')
  t.teardown(drop)
  const kernel = await createKernel({ version: 1, name: 'shop', server: { host: '127.0.0.1', port: 0 }, connections: { main: connection }, ports: { cache: { on: 'main', timeout: '10s' } } }, { log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  const { url } = await kernel.listen()
  const database = new DatabaseSync(String(connection.with['file']))
  database.exec('drop table cache__rows')
  database.close()

  for (let n = 0; n < 5; n += 1) t.is(await kernel.ports.cache.get({ key: 'a' }), null)

  const health = await (await fetch(`${url}/health`)).json() as { status: string; bindings: { cache: { status: string; error?: string } } }
  t.is(health.status, 'degraded')
  t.is(health.bindings.cache.status, 'degraded')
  t.regex(health.bindings.cache.error ?? '', /left alone/)
  t.is((await fetch(`${url}/readyz`)).status, 200)
})
