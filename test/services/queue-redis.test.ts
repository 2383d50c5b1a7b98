import plugin from '../../plugins/queue-redis/index.ts'
import { testQueueContract } from './queue-contract.ts'
import { databaseOf } from './server.ts'

testQueueContract('REDIS', plugin.capabilities, async (t, url) => (await databaseOf(t, url)).connection)
