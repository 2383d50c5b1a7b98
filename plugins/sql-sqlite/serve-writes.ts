import type Database from 'better-sqlite3'
import type { MessagePort } from 'node:worker_threads'
import { GroupCommit } from './group-commit.ts'
import type { WriterAnswer, WriterMessage } from './protocol.ts'
import { Unpacker } from './protocol.ts'

/** The writing thread: one message is one transaction, and its answer tells that it is durable. */
export function serveWrites(database: Database.Database, port: MessagePort): void {
  const commits = new GroupCommit(database)
  const unpacker = new Unpacker()

  port.on('message', (message: WriterMessage) => {
    if (message === 'close') {
      database.close()
      port.close()
      return
    }
    const answer: WriterAnswer = 'define' in message ? [commits.define(message.define)] : commits.run(unpacker.unpack(message))
    port.postMessage(answer)
  })
}
