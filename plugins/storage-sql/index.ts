import { definePlugin } from '../../kernel/plugin.ts'
import { sql } from '../../kernel/ports/sql/index.ts'
import { everyCollection, storage } from '../../kernel/ports/storage/index.ts'

const plugin = definePlugin({
  name: 'sql',
  summary: 'Documents in tables of a SQL database',
  port: storage,
  over: sql,
  kernel: '^0.1.0',
  capabilities: ['units'],
  async create({ connection, binding, keys, log, signal }) {
    const [{ SqlStorage }, { prepareTables }, { tableOf }] = await Promise.all([import('./driver.ts'), import('./prepare.ts'), import('./table.ts')])
    const tables = Array.from(everyCollection(keys).values(), (collection) => tableOf(binding, collection))
    await prepareTables({ connection, tables, log, signal })
    return new SqlStorage(connection, tables)
  },
})
export default plugin
