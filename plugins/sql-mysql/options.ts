import { readFileSync } from 'node:fs'
import type mysql from 'mysql2'
import { databaseError } from '../../kernel/ports/sql/index.ts'

export interface ServerSettings {
  readonly url: string
  readonly connectTimeoutMs: number
  readonly appName: string
  readonly tls: { readonly enabled: boolean; readonly ca: string | undefined; readonly certificate: string | undefined; readonly key: string | undefined }
}

/** Where the server is, and whose database of it. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
}

/** @throws DATABASE_FAILED with what to change, and without the url: a password stands in it. */
export function addressOf(connection: string, url: string): Address {
  const wrong = (what: string) => databaseError(connection, 'failed', `the url ${what}; it is mysql://user:password@host:3306/database`)
  if (!URL.canParse(url)) throw wrong('is none')
  const { protocol, hostname, port, username, password, pathname, search } = new URL(url)
  if (protocol !== 'mysql:' && protocol !== 'mariadb:') throw wrong(`begins with ${protocol}//`)
  // mysql2 takes any of its options from there, those that decide what a value means as well.
  if (search !== '') throw wrong('has parameters, which are settings of their own here')
  try {
    const database = decodeURIComponent(pathname.slice(1))
    if (database === '') throw wrong('names no database')
    return { host: decodeURIComponent(hostname.replace(/^\[(.*)\]$/, '$1')), port: port === '' ? 3306 : Number(port), user: decodeURIComponent(username), password: decodeURIComponent(password), database }
  } catch (error) {
    throw error instanceof URIError ? wrong('has a % that escapes nothing') : error
  }
}

/** How every connection is opened; its session is set up after that. */
export function connectionOptions(connection: string, { connectTimeoutMs, appName, tls }: ServerSettings, address: Address): mysql.ConnectionOptions {
  return {
    ...address,
    connectTimeout: connectTimeoutMs,
    connectAttributes: { program_name: appName },
    charset: 'utf8mb4_bin',
    timezone: 'Z',
    enableKeepAlive: true,
    keepAliveInitialDelay: 10_000,
    // A server could ask for files of this machine.
    flags: ['-LOCAL_FILES'],
    // A program is one message. Values reach it escaped, and no caller's text is ever part of a statement.
    multipleStatements: true,
    jsonStrings: true,
    ...(tls.enabled && { ssl: tlsOptions(connection, tls) }),
  }
}

function tlsOptions(connection: string, tls: ServerSettings['tls']): mysql.SslOptions {
  const read = (setting: 'ca' | 'certificate' | 'key') => {
    const file = tls[setting]
    if (file === undefined) return undefined
    try {
      return readFileSync(file, 'utf8')
    } catch (error) {
      throw databaseError(connection, 'failed', `tls.${setting} cannot be read (${error instanceof Error ? error.message : String(error)}); correct the path or its permissions`, error)
    }
  }
  const [ca, cert, key] = [read('ca'), read('certificate'), read('key')]
  return { rejectUnauthorized: true, verifyIdentity: true, ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) }
}
