import pg from 'pg'
import type { Statement } from '../../kernel/ports/sql/index.ts'
import { destroy } from './pool.ts'

type Answer<Row extends pg.QueryResultRow> = (error: Error | undefined, result: pg.QueryResult<Row>) => void

/** A query that is told what it is one by one: of a config pg copies every property for each call, which takes longer than the rest of it. */
class PreparedQuery<Row extends pg.QueryResultRow> extends pg.Query {
  declare name: string | undefined
  declare callback: Answer<Row>

  constructor({ sql, params }: Statement, name: string | undefined, callback: Answer<Row>) {
    super(sql, params)
    this.name = name
    this.callback = callback
  }
}

/** The answer of one statement; with a name, it is prepared once on each connection. */
export function prepared<Row extends pg.QueryResultRow>(client: pg.ClientBase, statement: Statement, name: string | undefined): Promise<pg.QueryResult<Row>> {
  return new Promise((resolve, reject) => {
    client.query(new PreparedQuery<Row>(statement, name, (error, result) => { if (error) reject(error); else resolve(result) }))
  })
}

/** The same of one that is sent alone: when it is late its connection breaks, for on a half-open socket it would wait for ever. */
export function preparedWithin<Row extends pg.QueryResultRow>(client: pg.PoolClient, statement: Statement, name: string | undefined, withinMs: number): Promise<pg.QueryResult<Row>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(destroy, withinMs, client)
    client.query(new PreparedQuery<Row>(statement, name, (error, result) => {
      clearTimeout(timer)
      if (error) reject(error)
      else resolve(result)
    }))
  })
}
