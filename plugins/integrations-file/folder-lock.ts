import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import Database from 'better-sqlite3'

/** Who has a folder: told by itself, for a person to read. */
export interface Holder {
  readonly pid: number
  readonly host: string
  readonly binding: string
  /** RFC 3339. */
  readonly since: string
}

/** Somebody else has the folder. */
export class FolderTaken extends Error {
  readonly holder: Holder | undefined

  constructor(holder: Holder | undefined) {
    super('the folder is taken')
    this.holder = holder
  }
}

/**
 * A folder for one process at a time: an exclusive lock on an empty SQLite file in it. The operating system frees it with the
 * process that held it, however that ended; ids of processes, which containers give twice, decide nothing.
 */
export class FolderLock {
  readonly #database: Database.Database

  private constructor(database: Database.Database) {
    this.#database = database
  }

  /** @throws FolderTaken */
  static async take(directory: string, holder: Holder): Promise<FolderLock> {
    const told = join(directory, 'holder.json')
    const database = new Database(join(directory, 'holder.lock'), { timeout: 0 })
    try {
      database.exec('BEGIN EXCLUSIVE')
      await writeFile(told, `${JSON.stringify(holder)}\n`)
    } catch (error) {
      database.close()
      throw isBusy(error) ? new FolderTaken(await readHolder(told)) : error
    }
    return new FolderLock(database)
  }

  /** The file stays: removing it while another process opens it would let two have the folder. */
  release(): void {
    this.#database.close()
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('SQLITE_BUSY')
}

/** Undefined while the other one has not written it yet. */
async function readHolder(path: string): Promise<Holder | undefined> {
  try {
    const { pid, host, binding, since } = JSON.parse(await readFile(path, 'utf8')) as Partial<Record<keyof Holder, unknown>>
    return typeof pid === 'number' && typeof host === 'string' && typeof binding === 'string' && typeof since === 'string' ? { pid, host, binding, since } : undefined
  } catch {
    return undefined
  }
}
