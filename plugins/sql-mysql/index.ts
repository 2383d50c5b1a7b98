import { definePlugin } from '../../kernel/plugin.ts'
import { sql } from '../../kernel/ports/sql/index.ts'
import { settings } from './settings.ts'

const plugin = definePlugin({
  name: 'mysql',
  summary: 'MySQL 8.0.17 and later, and MariaDB 10.6 and later',
  port: sql,
  kernel: '^0.1.0',
  sdk: { mysql2: '^3.24.0', knex: '^3.3.0' },
  settings,
  async create({ settings, binding, log, clock, signal, onClose }) {
    const { openMysql } = await import('./open.ts')
    return openMysql({ connection: binding, settings, log, clock, signal, onClose })
  },
})
export default plugin
