import { definePlugin } from '../../kernel/plugin.ts'
import { queue } from '../../kernel/ports/queue/index.ts'
import { sql } from '../../kernel/ports/sql/index.ts'

const plugin = definePlugin({
  name: 'sql',
  summary: 'Jobs in tables of a SQL database',
  port: queue,
  over: sql,
  kernel: '^0.1.0',
  capabilities: [
    'inspect', 'delay', 'retryAt', 'priority', 'idempotency', 'extend', 'leaseAnywhere', 'exactAttempts', 'repeatable', 'deadLetters', 'pause', 'cancel', 'units', 'schedules', 'deadline', 'limits', 'ordering',
  ],
  async create({ connection, binding, keys, signal }) {
    const [{ SqlQueue }, { prepareTables, startCall, tablesOf }, { prepareLimits }] = await Promise.all([import('./driver.ts'), import('./tables.ts'), import('./limits.ts')])
    const tables = tablesOf(binding)
    await prepareTables(connection, tables, signal)
    await prepareLimits(connection, tables, keys, startCall(signal))
    return new SqlQueue(connection, tables)
  },
})
export default plugin
