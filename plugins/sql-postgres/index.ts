import { definePlugin } from '../../kernel/plugin.ts'
import { sql } from '../../kernel/ports/sql/index.ts'
import { settings } from './settings.ts'

const plugin = definePlugin({
  name: 'postgres',
  summary: 'PostgreSQL 13 and later, with prepared statements and pipelined commits',
  port: sql,
  kernel: '^0.1.0',
  sdk: { pg: '^8.23.0', knex: '^3.3.0' },
  settings,
  async create({ settings, binding, log, clock, signal, onClose }) {
    const { openPostgres } = await import('./open.ts')
    return openPostgres({ connection: binding, settings, log, clock, signal, onClose })
  },
})
export default plugin
