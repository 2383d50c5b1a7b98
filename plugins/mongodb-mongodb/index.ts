import { definePlugin } from '../../kernel/plugin.ts'
import { mongodb } from '../../kernel/ports/mongodb/index.ts'
import { settings } from './settings.ts'

const plugin = definePlugin({
  name: 'mongodb',
  summary: 'MongoDB 4.4 and later: a server, a replica set or a sharded cluster',
  port: mongodb,
  kernel: '^0.1.0',
  sdk: { mongodb: '^7.8.0' },
  settings,
  async create({ settings, binding, log, signal, onClose }) {
    const [{ openClient }, { MongodbConnection }] = await Promise.all([import('./open.ts'), import('./driver.ts')])
    const opened = await openClient({ connection: binding, settings, log, signal })
    onClose(() => opened.monitoring.close())
    return new MongodbConnection(binding, opened)
  },
})
export default plugin
