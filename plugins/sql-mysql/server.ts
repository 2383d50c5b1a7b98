/** Which server answers, since the two have grown apart. */
export interface Server {
  readonly kind: 'mysql' | 'mariadb'
  readonly version: string
  readonly database: string
  /** The longest message that it takes. */
  readonly maxPacketBytes: number
}

/** What a server says of itself. */
export interface Found {
  readonly version: string
  readonly name: string
  readonly readOnly: number | string
  readonly engineReadOnly: number | string
  readonly pageBytes: number
  readonly packetBytes: number
  readonly flushed: number
}

export const whatItIs = `select version() as version, database() as name, @@global.read_only as readOnly, @@global.innodb_read_only as engineReadOnly,
  @@innodb_page_size as pageBytes, @@global.max_allowed_packet as packetBytes, @@global.innodb_flush_log_at_trx_commit as flushed`

/** The first versions with a collation that neither pads nor folds, `SKIP LOCKED`, and defaults in JSON's own type. */
const oldest = { mysql: [8, 0, 17], mariadb: [10, 6, 0] } as const

/** `10.11.19-MariaDB-0+deb12u1`, `8.0.36`, or behind a proxy `5.5.5-10.6.12-MariaDB`. */
export function serverOf({ version, name, packetBytes }: Pick<Found, 'version' | 'name' | 'packetBytes'>): Server {
  return { kind: /mariadb/i.test(version) ? 'mariadb' : 'mysql', version: version.replace(/^5\.5\.5-/, ''), database: name, maxPacketBytes: packetBytes }
}

/** Why this server will not do, with what to change; undefined when it will. */
export function whyUnfit(server: Server, { readOnly, engineReadOnly, pageBytes }: Pick<Found, 'readOnly' | 'engineReadOnly' | 'pageBytes'>): string | undefined {
  const isOn = (flag: number | string) => !['0', 'OFF'].includes(String(flag))
  const old = tooOld(server)
  if (old !== undefined) return old
  if (isOn(readOnly) || isOn(engineReadOnly)) return 'the server is read-only, as a replica is; name the primary in the url'
  // Half a page, half of the bytes of an index.
  if (pageBytes < 16_384) return `the server's innodb_page_size is ${pageBytes}, which is too small for the keys of indexes; it must be 16384 or more`
  return undefined
}

/** Why this server will not do; undefined when it will. */
export function tooOld({ kind, version }: Server): string | undefined {
  const found = version.split(/[.-]/).map(Number)
  for (const [at, wanted] of oldest[kind].entries()) {
    const part = found[at] ?? 0
    if (part > wanted) return undefined
    if (!(part >= wanted)) return `the server is ${kind === 'mysql' ? 'MySQL' : 'MariaDB'} ${version}, and ${oldest[kind].join('.')} is the oldest that will do; upgrade it`
  }
  return undefined
}
