import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { databaseError } from '../../kernel/ports/sql/index.ts'
import { codeOf } from './faults.ts'

/** How one handle on the file is opened; plain data, so that a worker thread can be given it. */
export interface OpenOptions {
  readonly file: string
  readonly busyTimeoutMs: number
  readonly synchronous: 'full' | 'normal'
  readonly cacheSizeBytes: number
}

/** A handle that may write. */
export function openDatabase({ file, busyTimeoutMs, synchronous, cacheSizeBytes }: OpenOptions): Database.Database {
  const database = new Database(file, { timeout: busyTimeoutMs })
  try {
    // Only WAL lets reads go on beside a write; the file remembers it.
    database.pragma('journal_mode = WAL')
    database.pragma(`synchronous = ${synchronous}`)
    database.pragma(`cache_size = ${-Math.ceil(cacheSizeBytes / 1024)}`)
    database.pragma(`journal_size_limit = ${64 * 1024 * 1024}`)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/**
 * The first handle, which makes the folder and the file, and shows that both can be written.
 * @throws DATABASE_FAILED with the remedy.
 */
export function openFirst(connection: string, options: OpenOptions): Database.Database {
  try {
    mkdirSync(dirname(options.file), { recursive: true })
    const database = openDatabase(options)
    try {
      proveWritable(database)
      return database
    } catch (error) {
      database.close()
      throw error
    }
  } catch (error) {
    throw databaseError(connection, 'failed', `cannot open ${options.file}: ${remedy(codeOf(error), error)}`, error)
  }
}

/** A file without write permission opens as read-only, and says so only at the first write: this is one without effect. */
function proveWritable(database: Database.Database): void {
  const mode: unknown = database.pragma('journal_mode', { simple: true })
  if (mode !== 'wal') throw new Error(`its folder's file system has no shared memory for WAL (journal mode ${String(mode)}); use a local disk`)

  const version = Number(database.pragma('user_version', { simple: true }))
  try {
    database.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${version}; ROLLBACK`)
  } catch (error) {
    if (codeOf(error) !== 'SQLITE_BUSY') throw error
  }
}

function remedy(code: string, error: unknown): string {
  if (code.startsWith('SQLITE_READONLY')) return 'it is read-only; give this user write permission on the file and its folder'
  if (code.startsWith('SQLITE_CANTOPEN') || code === 'EACCES' || code === 'EPERM') return 'it cannot be opened or made; check that it is no folder, and the permissions on its folder'
  if (code === 'ENOTDIR' || code === 'EEXIST') return 'a part of its path is a file, not a folder'
  if (code === 'SQLITE_NOTADB') return 'it is not an SQLite database; name another file'
  if (code.startsWith('SQLITE_CORRUPT')) return 'it is damaged; restore it from a backup, or rescue what can be read with `sqlite3 <file> .recover`'
  if (code.startsWith('SQLITE_BUSY')) return 'another process holds it; end that process, or raise busyTimeout'
  if (code.startsWith('SQLITE_FULL') || code === 'ENOSPC') return 'the disk is full; make space'
  return error instanceof Error ? error.message : code
}
