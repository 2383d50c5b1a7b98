/** Which server answers, since the two have grown apart. */
export interface Server {
  readonly kind: 'mysql' | 'mariadb'
  readonly version: string
  readonly database: string
}

/** The first versions with a collation that neither pads nor folds, `SKIP LOCKED`, and defaults in JSON's own type. */
const oldest = { mysql: [8, 0, 17], mariadb: [10, 6, 0] } as const

/** `10.11.19-MariaDB-0+deb12u1`, `8.0.36`, or behind a proxy `5.5.5-10.6.12-MariaDB`. */
export function serverOf(version: string, database: string): Server {
  return { kind: /mariadb/i.test(version) ? 'mariadb' : 'mysql', version: version.replace(/^5\.5\.5-/, ''), database }
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
