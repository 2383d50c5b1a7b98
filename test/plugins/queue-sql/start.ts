import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../../kernel/plugin.ts'
import type { QueueCapability } from '../../../kernel/ports/queue/index.ts'
import { SqlQueue } from '../../../plugins/queue-sql/driver.ts'
import plugin from '../../../plugins/queue-sql/index.ts'
import { prepareLimits } from '../../../plugins/queue-sql/limits.ts'
import { prepareTables, startCall, tablesOf } from '../../../plugins/queue-sql/tables.ts'
import { openSqlite } from '../../../plugins/sql-sqlite/driver.ts'
import { silentLog } from '../../contract/log.ts'
import { bindQueue, openUnit, queueKeys } from '../../kernel/ports/queue/bound-queues.ts'

const allCapabilities = plugin.capabilities as readonly QueueCapability[]

interface StartOptions {
  readonly clock: Clock
  /** As the manifest writes them. */
  readonly queues: object
  readonly writer?: 'main' | 'worker'
  readonly replicas?: number
  readonly capabilities?: readonly QueueCapability[]
  /** A database that is there already. */
  readonly file?: string
}

/** The queue port over SQLite in a folder of its own, `replicas` times on one connection. */
export async function startQueues(t: { teardown(end: () => Promise<void>): void }, { clock, queues, writer = 'main', replicas = 2, capabilities = allCapabilities, file: given }: StartOptions) {
  const directory = given === undefined ? mkdtempSync(join(tmpdir(), 'portico-queue-')) : undefined
  const file = given ?? join(directory ?? '', 'queue.db')
  const connection = openSqlite({
    connection: 'main', log: silentLog, clock,
    settings: { file, writer, busyTimeoutMs: 5_000, synchronous: 'full', cacheSizeBytes: 2_097_152 },
  })
  const closers: (() => void | Promise<void>)[] = []
  t.teardown(async () => {
    for (const close of closers.toReversed()) await close()
    await connection.close()
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true })
  })

  const tables = tablesOf('queue')
  const keys = queueKeys(queues)
  await prepareTables(connection, tables, new AbortController().signal)
  await prepareLimits(connection, tables, keys, startCall(new AbortController().signal))

  const onClose = (close: () => void | Promise<void>) => { closers.push(close) }
  const bindings = Array.from({ length: replicas }, () => bindQueue(new SqlQueue(connection, tables), { keys, clock, capabilities, onClose }))
  return { bindings, connection, tables, unit: openUnit, file }
}
