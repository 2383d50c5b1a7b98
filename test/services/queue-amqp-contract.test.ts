import plugin from '../../plugins/queue-amqp/index.ts'
import { testQueueContract } from './queue-contract.ts'
import { openVhost } from './rabbitmq.ts'

testQueueContract('RABBITMQ', plugin.capabilities, async (t, url) => ({ use: 'amqplib', with: { url: (await openVhost(t, url)).url } }))
