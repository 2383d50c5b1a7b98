import { definePlugin } from '../../kernel/plugin.ts'
import { mongodb } from '../../kernel/ports/mongodb/index.ts'
import { everyCollection, storage } from '../../kernel/ports/storage/index.ts'

const plugin = definePlugin({
  name: 'mongodb',
  summary: 'Documents in collections of MongoDB',
  port: storage,
  over: mongodb,
  kernel: '^0.1.0',
  // What changes several documents together needs a replica set: the driver says at the start whether there is one.
  capabilities: ['units'],
  async create({ connection, binding, keys }) {
    const { MongoStorage } = await import('./driver.ts')
    return new MongoStorage(connection, binding, [...everyCollection(keys).values()])
  },
})
export default plugin
