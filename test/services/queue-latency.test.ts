import test, { type ExecutionContext } from 'ava'
import { createKernel } from '../../kernel/index.ts'
import { silentLog } from '../contract/log.ts'
import { testDatabase, type TestDatabase } from '../contract/test-database.ts'
import { enqueueToLease } from './latency.ts'
import { databaseOf, testWith } from './server.ts'

async function start(t: ExecutionContext, { connection }: TestDatabase) {
  const kernel = await createKernel({ version: 1, name: 'shop', connections: { main: connection }, ports: { queue: { on: 'main', queues: { emails: {} } } } }, { log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  return kernel.ports.queue
}

testWith(['REDIS'], 'a job is leased in another replica within 20 ms of its enqueue', async (t, url) => {
  const place = await databaseOf(t, url)
  await enqueueToLease(t, await start(t, place), await start(t, place))
})

test.serial('sqlite: a job is leased in the same process within 20 ms of its enqueue', async (t) => {
  const place = await testDatabase('sqlite:')
  t.teardown(() => place.drop())
  const queue = await start(t, place)
  await enqueueToLease(t, queue, queue)
})
