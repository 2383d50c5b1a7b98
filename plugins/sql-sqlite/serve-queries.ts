import type Database from 'better-sqlite3'
import type { MessagePort } from 'node:worker_threads'
import type { SqlValue } from '../../kernel/ports/sql/index.ts'
import { codeOf } from './faults.ts'
import type { ReaderAnswer, ReaderMessage } from './protocol.ts'
import { packParams, unpackValue } from './protocol.ts'
import { Statements } from './statements.ts'

/** Rows in one message: enough that messages are cheap, few enough that taking one in delays nobody. */
const rowsInPiece = 256

/** The thread of long queries: answers in pieces, so that the main thread does other work between them. */
export function serveQueries(database: Database.Database, port: MessagePort): void {
  database.pragma('query_only = ON')
  const statements = new Statements(database)

  port.on('message', (message: ReaderMessage | 'close') => {
    if (message === 'close') {
      database.close()
      port.close()
      return
    }
    try {
      answer(statements, message, (piece) => port.postMessage(piece))
    } catch (error) {
      const failed: ReaderAnswer = {
        id: message.id, columns: [], values: [], done: true,
        error: { code: codeOf(error), message: error instanceof Error ? error.message : String(error) },
      }
      port.postMessage(failed)
    }
  })
}

function answer(statements: Statements, { id, sql, params }: ReaderMessage, post: (piece: ReaderAnswer) => void): void {
  const statement = statements.get(sql).raw(true)
  const columns = statement.columns().map((column) => column.name)

  let values: SqlValue[] = []
  for (const row of statement.iterate(params.map(unpackValue))) {
    values.push(...(row as SqlValue[]))
    if (values.length < rowsInPiece * columns.length) continue
    post({ id, columns, values: packParams(values), done: false })
    values = []
  }
  post({ id, columns, values: packParams(values), done: true })
}
