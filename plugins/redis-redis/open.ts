import { setTimeout as sleep } from 'node:timers/promises'
import { type Backoff, backoffMs, type Log } from '../../kernel/plugin.ts'
import { databaseError, type RedisFacts } from '../../kernel/ports/redis/index.ts'
import { type Client, clientMaker, type Settings } from './client.ts'
import { RedisDriver } from './driver.ts'
import { Link } from './link.ts'
import { isHopeless, remedy } from './remedies.ts'

export interface OpenParts {
  /** The connection's name, for errors. */
  readonly connection: string
  readonly settings: Settings
  readonly log: Log
  /** Aborts when the start is given up. */
  readonly signal: AbortSignal
}

const pauses: Backoff = { initialMs: 100, maxMs: 2_000 }

/**
 * Connects, and tries again while the server may still be coming up.
 * @throws DATABASE_FAILED with the remedy.
 */
export async function openRedis({ connection, settings, log, signal }: OpenParts): Promise<RedisDriver> {
  if (!/^[A-Za-z0-9_.:-]{1,100}$/.test(settings.prefix)) throw databaseError(connection, 'failed', `connections.${connection}.with.prefix is 1 to 100 letters, digits and _ . : -`)
  const make = clientMaker(connection, settings)
  const untilMs = performance.now() + settings.connectWithinMs

  for (let attempt = 0; ; attempt++) {
    let serverRun = ''
    const link = new Link({ connection, settings, log, make, greet: async (client) => { serverRun = runOf(await client.sendCommand(['INFO', 'server'])) } })
    try {
      const facts = await probe(connection, await link.open())
      if (!facts.appendOnly) log.warn({ connection }, 'Redis keeps no append-only file: a restart of it loses what was written after its last snapshot; set `appendonly yes`')
      return new RedisDriver({ connection, settings, log, make, link, facts, serverRun: () => serverRun })
    } catch (error) {
      link.close()
      const pauseMs = backoffMs(pauses, attempt + 1)
      if (isHopeless(error) || signal.aborted || performance.now() + pauseMs >= untilMs) throw databaseError(connection, 'failed', remedy(connection, error), error)
      if (attempt === 0) log.warn({ connection }, 'Redis does not answer yet; trying again')
      await sleep(pauseMs)
    }
  }
}

/** @throws DATABASE_FAILED for a server that will not do, and what the SDK says of one that is not there yet. */
async function probe(connection: string, client: Client): Promise<RedisFacts> {
  const told = factsOf(await client.sendCommand(['INFO']))
  const refuse = (reason: string) => { throw databaseError(connection, 'failed', reason) }

  const version = told.get('redis_version') ?? ''
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (!(major > 6 || (major === 6 && minor >= 2))) refuse(`it is Redis ${version || 'of an unknown version'}, and 6.2 is the oldest that will do; upgrade it`)
  if (told.get('cluster_enabled') === '1') refuse('it is a Redis Cluster, which this connection does not speak; name a server that stands alone, or a primary with replicas')
  if (told.get('loading') === '1') throw new Error('LOADING its data')
  if (told.get('role') !== 'master') refuse('it is a replica, which takes no writes; name the primary in the url')

  // Who may not run scripts is told now, and not by the first call.
  await client.sendCommand(['EVAL', 'return 1', '0'])
  return { version, evicts: told.get('maxmemory_policy') ?? 'unknown', appendOnly: told.get('aof_enabled') === '1' }
}

function runOf(info: unknown): string {
  return factsOf(info).get('run_id') ?? ''
}

/** `name:value`, one a line. */
function factsOf(info: unknown): ReadonlyMap<string, string> {
  return new Map(String(info).split(/\r?\n/).flatMap((line) => {
    const at = line.indexOf(':')
    return at > 0 ? [[line.slice(0, at), line.slice(at + 1)] as const] : []
  }))
}
