import { definePlugin } from '../../kernel/plugin.ts'
import { sql } from '../../kernel/ports/sql/index.ts'
import { settings } from './settings.ts'

const plugin = definePlugin({
  name: 'sqlite',
  summary: 'SQLite in a file: embedded, durable, with group commit',
  port: sql,
  kernel: '^0.1.0',
  sdk: { 'better-sqlite3': '^13.2.0', knex: '^3.3.0' },
  settings,
  async create({ settings, binding, log, clock, onClose }) {
    const { openSqlite } = await import('./driver.ts')
    const connection = openSqlite({ connection: binding, settings, log, clock })
    onClose(() => connection.close())
    return connection
  },
})
export default plugin
