import { definePlugin } from '../../kernel/plugin.ts'
import { cache } from '../../kernel/ports/cache/index.ts'
import { sql } from '../../kernel/ports/sql/index.ts'
import { settings } from './settings.ts'

const plugin = definePlugin({
  name: 'sql',
  summary: 'A cache as rows of a SQL database, where there is nothing else',
  port: cache,
  over: sql,
  kernel: '^0.1.0',
  capabilities: ['tags'],
  settings,
  async create({ connection, binding, settings, log, signal, onClose }) {
    const [{ SqlCache }, { prepareTables, tablesOf }] = await Promise.all([import('./driver.ts'), import('./tables.ts')])
    const tables = tablesOf(binding)
    await prepareTables(connection, tables, signal)
    const driver = new SqlCache({ connection, tables, maxAgeMs: settings.maxAgeMs, log })
    onClose(() => driver.close())
    return driver
  },
})
export default plugin
