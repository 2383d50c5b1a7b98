import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { createClient } from '@redis/client'
import type { SettingsOf } from '../../kernel/plugin.ts'
import { databaseError } from '../../kernel/ports/redis/index.ts'
import type { settings as declared } from './settings.ts'

export type Settings = SettingsOf<typeof declared>

/** One connection of the SDK's, for as long as its socket lives. */
export type Client = ReturnType<typeof createClient>

/**
 * How clients of this connection are made. Each is used for one socket: the SDK neither keeps calls while it is down nor connects
 * again by itself.
 * @throws DATABASE_FAILED when the url is none, or a file of `tls` cannot be read; never with the url in it.
 */
export function clientMaker(connection: string, settings: Settings): () => Client {
  const { tls } = settings
  const url = parseUrl(connection, settings.url)
  const secure = tls.enabled || url.protocol === 'rediss:'
  const read = (file: string | undefined) => (file === undefined ? undefined : readPem(connection, file))
  const [ca, cert, key] = [read(tls.ca), read(tls.certificate), read(tls.key)]
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1'
  const port = url.port === '' ? 6379 : Number(url.port)
  const database = url.pathname.slice(1)

  return () => createClient({
    RESP: 3,
    name: settings.clientName,
    ...(url.username !== '' && { username: decodeURIComponent(url.username) }),
    ...(url.password !== '' && { password: decodeURIComponent(url.password) }),
    ...(database !== '' && { database: Number(database) }),
    disableOfflineQueue: true,
    // Deadlines are those of the calls. The SDK's own, 5 s for what is not written yet, cost a fifth of an enqueue.
    commandOptions: { timeout: 0 },
    maintNotifications: 'disabled',
    socket: {
      host, port, connectTimeout: settings.connectTimeoutMs, reconnectStrategy: false,
      ...(secure && { tls: true as const, ...(isIP(host) === 0 && { servername: host }), ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }),
    },
  })
}

function parseUrl(connection: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const wellFormed = url && ['redis:', 'rediss:'].includes(url.protocol) && /^\/?\d{0,5}$/.test(url.pathname) && url.search === '' && isDecodable(url)
  // Not the url itself: it holds the password.
  if (!url || !wellFormed) throw databaseError(connection, 'failed', `connections.${connection}.with.url is no url of a Redis; write redis://user:password@host:6379/0, with a password's special characters percent-encoded`)
  return url
}

function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password)
    return true
  } catch {
    return false
  }
}

function readPem(connection: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw databaseError(connection, 'failed', `a file of connections.${connection}.with.tls cannot be read: ${error instanceof Error ? error.message : file}`, error)
  }
}
