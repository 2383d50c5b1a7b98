import { type Db, MongoClient, type MongoClientOptions } from 'mongodb'
import { type Backoff, backoffMs, type Log, type SettingsOf } from '../../kernel/plugin.ts'
import { databaseError } from '../../kernel/ports/mongodb/index.ts'
import { bsonOptions } from './bson.ts'
import { pause } from './calls.ts'
import { Monitoring } from './monitoring.ts'
import { isHopeless, remedy } from './remedies.ts'
import type { settings as declared } from './settings.ts'

export type Settings = SettingsOf<typeof declared>

export interface OpenParts {
  /** The connection's name, for errors. */
  readonly connection: string
  readonly settings: Settings
  readonly log: Log
  /** Aborts when the start is given up. */
  readonly signal: AbortSignal
}

export interface Opened {
  readonly client: MongoClient
  readonly db: Db
  /** A replica set or a sharded cluster, which can change several documents together. */
  readonly hasTransactions: boolean
  readonly settings: Settings
  /** Closes the client, too. */
  readonly monitoring: Monitoring
}

const pauses: Backoff = { initialMs: 100, maxMs: 2_000 }

/**
 * Connects, and tries again while the server may still be coming up.
 * @throws DATABASE_FAILED with the remedy.
 */
export async function openClient({ connection, settings, log, signal }: OpenParts): Promise<Opened> {
  const untilMs = performance.now() + settings.connectWithinMs
  for (let attempt = 0; ; attempt++) {
    const leftMs = untilMs - performance.now()
    const client = makeClient(connection, settings)
    const monitoring = new Monitoring(client, settings.connectTimeoutMs, log)
    try {
      return { ...(await probe(connection, client, settings)), settings, monitoring }
    } catch (error) {
      await monitoring.close()
      const pauseMs = backoffMs(pauses, attempt + 1)
      if (isHopeless(error) || signal.aborted || pauseMs >= leftMs) throw databaseError(connection, 'failed', remedy(connection, error), error)
      log.warn({ attempt }, `${connection} does not answer yet; trying again`)
      await pause(pauseMs)
    }
  }
}

/** What decides the meaning of a read or a write is set here, over whatever the url says. */
function makeClient(connection: string, settings: Settings): MongoClient {
  const { tls } = settings
  const options: MongoClientOptions = {
    appName: settings.appName,
    readPreference: 'primary', readConcern: { level: 'majority' }, writeConcern: { w: 'majority', journal: true },
    ...bsonOptions,
    retryReads: true, retryWrites: true, ignoreUndefined: false,
    maxPoolSize: settings.maxConnections, minPoolSize: Math.min(settings.minConnections, settings.maxConnections), maxIdleTimeMS: settings.idleTimeoutMs,
    waitQueueTimeoutMS: settings.acquireTimeoutMs, serverSelectionTimeoutMS: settings.acquireTimeoutMs, connectTimeoutMS: settings.connectTimeoutMs,
    ...(tls.enabled && { tls: true }),
    ...(tls.ca !== undefined && { tlsCAFile: tls.ca }),
    ...(tls.certificate !== undefined && { tlsCertificateKeyFile: tls.certificate }),
  }
  try {
    return new MongoClient(settings.url, options)
  } catch (error) {
    throw databaseError(connection, 'failed', remedy(connection, error), error)
  }
}

async function probe(connection: string, client: MongoClient, settings: Settings): Promise<Pick<Opened, 'client' | 'db' | 'hasTransactions'>> {
  const named = client.options.dbName !== 'test' || /^[^?]*\/test(\?|$)/.test(settings.url)
  if (settings.database === undefined && !named) throw databaseError(connection, 'failed', `name the database: connections.${connection}.with.database, or at the end of the url as in mongodb://host:27017/shop`)

  await client.connect()
  const db = client.db(settings.database)
  // A command that needs the credentials: who may not do it is told now, and not by the first call.
  const hello = await db.command({ hello: 1 })
  await db.collection('portico_locks').findOne({ _id: { $exists: false } })
  return { client, db, hasTransactions: typeof hello['setName'] === 'string' || hello['msg'] === 'isdbgrid' }
}
