import type { Socket } from 'node:net'
import mysql from 'mysql2'
import type { SqlValue, Statement } from '../../kernel/ports/sql/index.ts'

const { BIGINT } = mysql.TypedParameter

/** Beyond this Node's timers fire at once. */
const longestTimerMs = 2 ** 31 - 1

/** The answer of one text, without parameters. */
export function ask(client: mysql.Connection, text: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.query(text, (error, rows) => { if (error) reject(error); else resolve(rows) })
  })
}

/** How many rows each statement of a text met, until one fails: the server runs none after it. */
export function affected(client: mysql.Connection, text: string): Promise<{ readonly counts: readonly number[]; readonly error?: Error }> {
  return new Promise((resolve) => {
    const counts: number[] = []
    // A connection that breaks tells the callback, and no listener.
    client.query(text, (error) => resolve(error ? { counts, error } : { counts }))
      .on('result', (header: mysql.ResultSetHeader) => counts.push(header.affectedRows))
  })
}

/** The answer of a statement that is prepared once on each connection. */
export function prepared<R>(client: mysql.Connection, { sql, params }: Statement): Promise<R> {
  return new Promise((resolve, reject) => {
    // mysql2 says of its rows only what it cannot know: the statement decides.
    client.execute(sql, params.map(parameter), (error, rows) => { if (error) reject(error); else resolve(rows as R) })
  })
}

/** Integers as such: mysql2 sends numbers as doubles and bigints as text, and neither is exact beside a bigint column. */
function parameter(value: SqlValue): string | number | Buffer | mysql.TypedParameterValue | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BIGINT(value) : value
  if (typeof value === 'bigint') return BIGINT(value)
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value
}

/** What is late breaks its connection: a statement on a half-open socket would wait for ever. */
export function within<T>(client: mysql.Connection, ms: number, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      breakOff(client)
      // Broken off, it tells none of its commands.
      reject(new Error('no answer within the deadline'))
    }, Math.min(ms, longestTimerMs))
    work().then(
      (answer) => {
        clearTimeout(timer)
        resolve(answer)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error instanceof Error ? error : new Error(String(error)))
      },
    )
  })
}

/** Closes it at once. mysql2 alone would first take leave of a server that may never answer. */
export function breakOff(client: mysql.Connection): void {
  client.destroy()
  socketOf(client).destroy()
}

/** Lets the process end while this connection is open. */
export function unref(client: mysql.Connection): void {
  socketOf(client).unref()
}

function socketOf(client: mysql.Connection): Socket {
  // mysql2 types its connection without the socket that it has.
  return (client as unknown as { readonly stream: Socket }).stream
}
