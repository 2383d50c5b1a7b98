import { definePlugin } from '../../kernel/plugin.ts'
import { sql } from '../../kernel/ports/sql/index.ts'
import { everyCollection, storage } from '../../kernel/ports/storage/index.ts'

const plugin = definePlugin({
  name: 'sql',
  summary: 'Documents in tables of a SQL database',
  port: storage,
  over: sql,
  kernel: '^0.1.0',
  capabilities: ['units', 'mapping'],
  async create({ connection, binding, keys, clock, log, signal }) {
    const [{ SqlStorage }, { mapTables }] = await Promise.all([import('./driver.ts'), import('./mapped-prepare.ts')])
    const collections = [...everyCollection(keys).values()]
    return new SqlStorage(connection, binding, collections, await mapTables({ connection, collections, clock, log, signal }))
  },
})
export default plugin
