import test from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { silentLog } from '../../contract/log.ts'

test('a manifest that needs what RabbitMQ cannot do is refused before anything starts, and told who can', async (t) => {
  const manifest = {
    version: 1, name: 'shop', connections: { broker: { use: 'amqplib', with: { url: 'amqp://127.0.0.1:1/shop' } } },
    ports: { queue: { on: 'broker', queues: { emails: { limits: { perKey: 1, key: '$.customerId' } } } } },
  }

  const error = await t.throwsAsync(createKernel(manifest, { log: silentLog, env: {} }), { code: 'MANIFEST_INVALID' })

  t.regex(error.message, /queues\.emails\.limits: the driver "amqp" of queue cannot do "limits"; .*\bsql\b.* can/)
  t.regex(error.message, /limits\.perKey: the driver "amqp" of queue cannot do "ordering"; .*\bsql\b.* can/)
})
