import { MongoQueue } from '../../plugins/queue-mongodb/driver.ts'
import { placesOf, prepare as prepareMongo } from '../../plugins/queue-mongodb/places.ts'
import { RedisQueue } from '../../plugins/queue-redis/driver.ts'
import { baseOf } from '../../plugins/queue-redis/start.ts'
import { SqlQueue } from '../../plugins/queue-sql/driver.ts'
import { prepareTables, tablesOf } from '../../plugins/queue-sql/tables.ts'
import { ticksThatAreThere } from '../contract/queue-ticks.ts'
import { call } from '../plugins/sql-sqlite/connection.ts'
import { openConnection as openMongo, testDatabase } from './mongodb.ts'
import { open as openMysql } from './mysql.ts'
import { open as openPostgres } from './postgres.ts'
import { openConnection as openRedis } from './redis.ts'
import { databaseOf, testWith } from './server.ts'

const title = 'a job of a tick that is there already, also in another queue, is left as it is and holds up nothing'

testWith(['POSTGRES'], title, async (t, server = '') => {
  const { name: schema } = await databaseOf(t, server)
  const connection = await openPostgres(t, { url: server, schema })
  const tables = tablesOf('queue')
  await prepareTables(connection, tables, new AbortController().signal)

  await ticksThatAreThere(t, new SqlQueue(connection, tables), call())
})

testWith(['MARIADB'], title, async (t, server = '') => {
  const connection = await openMysql(t, { url: (await databaseOf(t, server)).url })
  const tables = tablesOf('queue')
  await prepareTables(connection, tables, new AbortController().signal)

  await ticksThatAreThere(t, new SqlQueue(connection, tables), call())
})

testWith(['REDIS'], title, async (t, server = '') => {
  const connection = await openRedis(t, { url: server, prefix: (await databaseOf(t, server)).name })

  await ticksThatAreThere(t, new RedisQueue(connection, baseOf(connection, 'queue')), call())
})

testWith(['MONGODB'], title, async (t, server = '') => {
  const connection = await openMongo(t, { url: (await testDatabase(t, server)).url })
  const places = placesOf('queue')
  await prepareMongo(connection, places, call())

  await ticksThatAreThere(t, new MongoQueue(connection, places), call())
})
