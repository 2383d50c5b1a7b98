import test from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { silentLog } from '../../contract/log.ts'
import { comparePages, deepKeys, fillDeep } from './deep-pages.ts'
import { callWith, folder, open } from './harness.ts'

test('a page goes through its index, and one deep in 100,000 records examines no more rows than the first', async (t) => {
  t.timeout(120_000)
  const file = `${folder(t)}/storage.db`
  const kernel = await createKernel({ version: 1, name: 'deep', connections: { main: { use: 'sqlite', with: { file } } }, ports: { storage: { on: 'main', ...deepKeys } } }, { log: silentLog, env: {} })
  await kernel.close()
  const connection = open(t, file)
  await fillDeep(connection)
  const query = connection.query.bind(connection)

  // SQLite counts no rows. But a plan that is one walk along one index, without a sort, reads what it answers.
  await comparePages(t, connection, async ({ sql, params }) => {
    const plan = await query<{ detail: string }>({ sql: `explain query plan ${sql}`, params }, callWith())
    const index = plan.length === 1 ? /^(?:SCAN|SEARCH) storage__orders USING INDEX (\w+)/.exec(plan[0]?.detail ?? '')?.[1] : undefined
    const rows = await query({ sql, params }, callWith())
    return { index: index?.startsWith('sqlite_autoindex') ? 'primary' : index, examinedRows: index === undefined ? Number.POSITIVE_INFINITY : rows.length }
  })
})
