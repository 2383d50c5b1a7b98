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
  async create({ connection, binding, keys }) {
    const { SqlStorage } = await import('./driver.ts')
    return new SqlStorage(connection, binding, [...everyCollection(keys).values()])
  },
})
export default plugin
