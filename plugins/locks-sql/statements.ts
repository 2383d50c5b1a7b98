import type { Params, SqlConnection } from '../../kernel/ports/sql/index.ts'
import { floorName } from './table.ts'

export type Statements = ReturnType<typeof makeStatements>
type Knex = Parameters<Parameters<SqlConnection['define']>[0]>[0]

/** A row of a lock as it is read, and the database's time then. */
export interface StoredLock {
  readonly fencing: number
  readonly until: number
  readonly token: string | null
  readonly ended_by: string | null
  readonly now: number
}

/** Every statement of the driver. Each compiles at its first use. */
export function makeStatements({ shape }: Pick<SqlConnection, 'shape'>, table: string) {
  /** One more than the last, and no less than the time in microseconds: so that it grows also beyond this table, when another is begun. */
  const counted = (knex: Knex, p: Params<'name' | 'token' | 'ttlMs'>) => knex.raw('case when ?? < ? * 1000 then ? * 1000 else ?? + 1 end', ['fencing', p.now, p.now, 'fencing'])

  return {
    acquire: shape<'name' | 'token' | 'ttlMs'>((knex, p) => knex(table).where('name', p.value('name')).where('until', '<=', p.now)
      // Not to who released it last: that is a repeat of what is over.
      .where((fresh) => void fresh.whereNull('ended_by').orWhereNot('ended_by', p.value('token')))
      .update({ token: p.value('token'), fencing: counted(knex, p), until: knex.raw('? + ?', [p.now, p.value('ttlMs')]) })),
    renew: shape<'name' | 'token' | 'ttlMs'>((knex, p) => knex(table).where({ name: p.value('name'), token: p.value('token') }).where('until', '>', p.now)
      .update({ until: knex.raw('? + ?', [p.now, p.value('ttlMs')]) })),
    release: shape<'name' | 'token'>((knex, p) => knex(table).where({ name: p.value('name'), token: p.value('token') }).where('until', '>', p.now)
      .update({ token: null, ended_by: p.value('token'), until: p.now })),
    read: shape<'name'>((knex, p) => knex(table).select('fencing', 'until', 'token', 'ended_by', { now: p.now }).where('name', p.value('name'))),

    /** The floor is at least so high; with 0 it only takes its row's turn, in which nobody else makes or takes away rows. */
    raise: shape<'fencing'>((knex, p) => knex(table).where('name', floorName).update({ fencing: knex.raw('case when ?? < ? then ? else ?? end', ['fencing', p.value('fencing'), p.value('fencing'), 'fencing']) })),
    /** A row that nobody holds, counting on from the floor; as if it was just over, so that it stays for a while. */
    make: shape<'name'>((knex, p) => knex(knex.raw('?? (??, ??, ??)', [table, 'name', 'fencing', 'until']))
      .insert(knex(table).select(knex.raw('?, ??, ?', [p.value('name'), 'fencing', p.now])).where('name', floorName))),
    over: shape<'keepMs' | 'limit'>((knex, p) => knex(table).select('name', 'fencing').where('until', '<=', knex.raw('? - ?', [p.now, p.value('keepMs')])).orderBy('until').limit(p.limit('limit'))),
    /** Unless it was granted meanwhile. */
    remove: shape<'name' | 'fencing' | 'keepMs'>((knex, p) => knex(table).where({ name: p.value('name'), fencing: p.value('fencing') })
      .where('until', '<=', knex.raw('? - ?', [p.now, p.value('keepMs')])).delete()),
  }
}
