import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OperationCall } from '../../../kernel/binding/call.ts'
import { bind } from '../../../kernel/binding/bind.ts'
import { Deadlines } from '../../../kernel/binding/deadlines.ts'
import { Instruments } from '../../../kernel/binding/instruments.ts'
import { Generation } from '../../../kernel/binding/swap-point.ts'
import { makeUnit } from '../../../kernel/binding/unit.ts'
import type { Clock, Log } from '../../../kernel/plugin.ts'
import { queue, type QueueCapability, type QueueKeys } from '../../../kernel/ports/queue/index.ts'
import { queueKeysSchema } from '../../../kernel/ports/queue/keys.ts'
import { resolveUnits } from '../../../kernel/manifest/units.ts'
import { Redaction } from '../../../kernel/redaction.ts'
import { SqlQueue } from '../../../plugins/queue-sql/driver.ts'
import plugin from '../../../plugins/queue-sql/index.ts'
import { prepareLimits } from '../../../plugins/queue-sql/limits.ts'
import { prepareTables, startCall, tablesOf } from '../../../plugins/queue-sql/tables.ts'
import { openSqlite } from '../../../plugins/sql-sqlite/driver.ts'
import type { BoundQueue } from '../../contract/queue.ts'

export const silentLog: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => silentLog }

const noContext = { absolute: (path: string) => path, load: (document: unknown) => document, scripts: () => [] }

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
  const keys = resolveUnits(queueKeysSchema, { queues }, noContext) as QueueKeys
  await prepareTables(connection, tables, new AbortController().signal)
  await prepareLimits(connection, tables, keys, startCall(new AbortController().signal))
  const instruments = new Instruments()

  const bindings = Array.from({ length: replicas }, (): BoundQueue => {
    const driver = new SqlQueue(connection, tables)
    const face = queue.implement?.({
      driver, keys, binding: 'queue', plugin: 'sql', clock, log: silentLog, peer: () => undefined, importScript: () => Promise.reject(new Error('there are no scripts')),
      capabilities: new Set(capabilities), onClose: (close) => { closers.push(close) },
    })
    const first = new Generation([{ plugin: { name: 'sql', version: '0.1.0' }, face: face as never, probed: {} }])
    const bound = bind({ name: 'queue', port: queue, expose: true, optional: false, capabilities, plugin: { name: 'sql', version: '0.1.0' }, first, instruments, deadlines: new Deadlines(), log: silentLog, redaction: new Redaction() })
    return bound.face as BoundQueue
  })
  const unit = () => {
    const made = makeUnit()
    return { unit: made, commit: () => made.commit(new OperationCall(undefined, 0)) }
  }
  return { bindings, connection, tables, unit, file }
}
