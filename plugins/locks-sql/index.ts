import { definePlugin } from '../../kernel/plugin.ts'
import { locks } from '../../kernel/ports/locks/index.ts'
import { sql } from '../../kernel/ports/sql/index.ts'

const plugin = definePlugin({
  name: 'sql',
  summary: 'Locks as rows of a SQL database',
  port: locks,
  over: sql,
  kernel: '^0.1.0',
  capabilities: [],
  async create({ connection, binding, signal }) {
    const [{ SqlLocks }, { prepareTable, tableOf }] = await Promise.all([import('./driver.ts'), import('./table.ts')])
    const table = tableOf(binding)
    await prepareTable(connection, table, signal)
    return new SqlLocks(connection, table)
  },
})
export default plugin
