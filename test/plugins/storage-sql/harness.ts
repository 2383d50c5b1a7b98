import type { ExecutionContext } from 'ava'
import { Meters } from '../../../kernel/binding/meters.ts'
import type { Call, CallOptions } from '../../../kernel/plugin.ts'
import type { StorageKeys, StorageOperations, StorageInProcess } from '../../../kernel/ports/storage/index.ts'
import { everyCollection, storage } from '../../../kernel/ports/storage/index.ts'
import { systemClock, type Clock } from '../../../kernel/clock.ts'
import type { SqliteConnection } from '../../../plugins/sql-sqlite/driver.ts'
import { openSqlite } from '../../../plugins/sql-sqlite/driver.ts'
import { SqlStorage } from '../../../plugins/storage-sql/driver.ts'
import { call, folder, silentLog } from '../sql-sqlite/connection.ts'

export { call, folder, silentLog }

export type Storage = StorageOperations & StorageInProcess

/** The call of one operation outside a binding. */
export function callWith(options: Pick<CallOptions, 'unit' | 'text'> = {}): Call {
  return { ...call(), text: options.text ?? false, unit: options.unit }
}

/** The meaning over SQLite in a file that is gone when the test ends. */
export async function openStorage(t: ExecutionContext, keys: StorageKeys, given: { connection?: SqliteConnection; clock?: Clock } = {}): Promise<{ storage: Storage; connection: SqliteConnection }> {
  const clock = given.clock ?? systemClock
  const connection = given.connection ?? open(t, `${folder(t)}/storage.db`, clock)
  const driver = new SqlStorage(connection, 'storage', [...everyCollection(keys).values()])
  const parts: Parameters<NonNullable<typeof storage.implement>>[0] = {
    driver, keys, binding: 'storage', plugin: 'sql', capabilities: new Set(['units'] as const), clock, log: silentLog,
    peer: () => undefined, meters: new Meters('storage', 'storage'), importScript: () => Promise.reject(new Error('there are no scripts')), onClose: (close) => t.teardown(close),
  }
  const meaning = storage.implement?.(parts)
  await storage.prepare?.(parts, 'do', call())
  if (!meaning) throw new TypeError('storage has no meaning')
  // It answers nothing at once.
  return { storage: meaning as Storage, connection }
}

export function open(t: ExecutionContext, file: string, clock: Clock = systemClock): SqliteConnection {
  const connection = openSqlite({
    connection: 'main', log: silentLog, clock,
    settings: { file, writer: 'main', busyTimeoutMs: 5_000, synchronous: 'normal', cacheSizeBytes: 2_097_152 },
  })
  t.teardown(() => connection.close())
  return connection
}
