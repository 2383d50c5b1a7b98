import test from 'ava'
import { testDatabase } from '../../contract/test-database.ts'
import { killHolder } from '../../tools/killed-holder.ts'

test('kill -9 of who holds a lock frees it when its time is over', async (t) => {
  const database = await testDatabase('sqlite:')
  t.teardown(() => database.drop())

  await killHolder(t, database.connection)
})
