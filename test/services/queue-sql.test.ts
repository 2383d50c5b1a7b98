import plugin from '../../plugins/queue-sql/index.ts'
import { testQueueContract } from './queue-contract.ts'
import { databaseOf } from './server.ts'

for (const server of ['POSTGRES', 'MARIADB'] as const) testQueueContract(server, plugin.capabilities, async (t, url) => (await databaseOf(t, url)).connection)
