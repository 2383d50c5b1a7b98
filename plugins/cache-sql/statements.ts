import type { Params, SqlConnection } from '../../kernel/ports/sql/index.ts'
import { countName, type Tables } from './tables.ts'
import { makeTurn } from './turns.ts'

export type Statements = ReturnType<typeof makeStatements>
type Knex = Parameters<Parameters<SqlConnection['define']>[0]>[0]

/** A row as it is read, and the database's time then. */
export interface StoredRow {
  readonly hash: string
  readonly value: string
  readonly tags: string | null
  readonly fresh_until: number | null
  readonly now: number
}

/** The name of the mark that says when all was invalidated; those of tags and prefixes begin with other letters. */
const allName = Buffer.from('a')
/** How many keys one statement can ask for; fewer are filled up with the last one. */
export const readSizes = [1, 10, 100] as const
/** The most of them. */
export const mostKeys = 100

/** Every statement of the driver. Each compiles at its first use. */
export function makeStatements({ shape, dialect }: Pick<SqlConnection, 'shape' | 'dialect'>, { count, marks, rows, tags, fills }: Tables) {
  const counted = (knex: Knex) => knex(count).select('stamp').where('name', countName)
  const after = <N extends string>(knex: Knex, p: Params<N>, ms: N) => knex.raw('? + ?', [p.now, p.value(ms)])

  // PostgreSQL takes no bigint for a length.
  const beginning = (knex: Knex, key: string) => knex.raw(dialect.name === 'postgres' ? 'substr(?, 1, ?::int)' : 'substr(?, 1, ?)', [knex.ref(key), knex.ref('l.length')])

  /** Whether nothing has invalidated what stands in `table` since its stamp: all of it, a tag of its `owner`, or a prefix of its key. */
  const holds = (knex: Knex, table: string, owner: string) => {
    const stamp = knex.ref(`${table}.stamp`)
    const hitTag = knex(`${tags} as t`).select(knex.raw('1')).innerJoin(`${marks} as m`, 'm.name', 't.tag').where('t.owner', knex.ref(`${table}.${owner}`)).where('m.stamp', '>', stamp)
    const hitPrefix = knex(`${marks} as l`).select(knex.raw('1')).innerJoin(`${marks} as m`, 'm.name', beginning(knex, `${table}.key`))
      .where('l.length', '>', 0).where('l.stamp', '>', stamp).where('m.stamp', '>', stamp)
    return knex.raw('(coalesce(?, 0) <= ? and not exists ? and not exists ?)', [knex(marks).select('stamp').where('name', allName), stamp, hitTag, hitPrefix])
  }

  const read = (size: number) => shape<`hash${number}`>((knex, p) => knex(rows).select('hash', 'value', 'tags', 'fresh_until', { now: p.now })
    .whereIn('hash', Array.from({ length: size }, (_, at) => p.value(`hash${at}`))).where('gone_at', '>', p.now).where(holds(knex, rows, 'hash')))

  const measure = shape<`hash${number}`>((knex, p) => knex(rows).select('hash', { bytes: knex.raw('octet_length(??)', ['value']) })
    .whereIn('hash', Array.from({ length: mostKeys }, (_, at) => p.value(`hash${at}`))))

  type Written = 'hash' | 'key' | 'value' | 'tags' | 'freshMs' | 'lifeMs'
  const put = <N extends string>(knex: Knex, p: Params<Written | N>, stamp: unknown) => knex(rows).insert({
    hash: p.value('hash'), key: p.value('key'), value: p.value('value'), tags: p.value('tags'), stamp, fresh_until: after(knex, p, 'freshMs'), gone_at: after(knex, p, 'lifeMs'),
  }).onConflict('hash').merge(['key', 'value', 'tags', 'stamp', 'fresh_until', 'gone_at'])

  const mark = (knex: Knex, name: unknown, length: unknown) => knex(marks).insert({ name, length, stamp: knex.raw('?', [counted(knex)]) }).onConflict('name').merge(['stamp'])

  return {
    takeTurn: makeTurn({ shape, dialect }, count),
    measure,
    read: new Map(readSizes.map((size) => [size as number, read(size)])),
    put: shape<Written>((knex, p) => put(knex, p, knex.raw('?', [counted(knex)]))),
    putFilled: shape<Written | 'stamp'>((knex, p) => put<'stamp'>(knex, p, p.value('stamp'))),
    remove: shape<'hash'>((knex, p) => knex(rows).where('hash', p.value('hash')).delete()),
    removeGone: shape<'hash'>((knex, p) => knex(rows).where('hash', p.value('hash')).where((gone) => void gone.where('gone_at', '<=', p.now).orWhere('stamp', '<', knex(marks).select('stamp').where('name', allName))).delete()),

    tag: shape<'owner' | 'tag'>((knex, p) => knex(tags).insert({ owner: p.value('owner'), tag: p.value('tag') })),
    untag: shape<'owner'>((knex, p) => knex(tags).where('owner', p.value('owner')).delete()),
    untagGone: shape<'owner'>((knex, p) => knex(tags).where('owner', p.value('owner')).whereNotExists(knex(rows).select(knex.raw('1')).where('hash', p.value('owner')))
      .whereNotExists(knex(fills).select(knex.raw('1')).where('token', p.value('owner'))).delete()),

    begin: shape<'name' | 'hash' | 'key' | 'token' | 'holdMs'>((knex, p) => knex(fills).insert({
      name: p.value('name'), hash: p.value('hash'), key: p.value('key'), token: p.value('token'), stamp: knex.raw('?', [counted(knex)]), until: after(knex, p, 'holdMs'),
    })),
    stampOf: shape<'token'>((knex, p) => knex(fills).select('stamp').where('token', p.value('token'))),
    /** Makes room for one alone: the one before is over, or has lost. */
    yield: shape<'name'>((knex, p) => knex(fills).where('name', p.value('name')).where((lost) => void lost.where('until', '<=', p.now).orWhere(knex.raw('not ?', [holds(knex, fills, 'token')]))).delete()),
    closeOpen: shape<'token'>((knex, p) => knex(fills).where('token', p.value('token')).where('until', '>', p.now).where(holds(knex, fills, 'token')).delete()),
    close: shape<'token'>((knex, p) => knex(fills).where('token', p.value('token')).delete()),
    closeAll: shape<'hash'>((knex, p) => knex(fills).where('hash', p.value('hash')).delete()),

    raise: shape((knex) => knex(count).where('name', countName).update({ stamp: knex.raw('? + 1', [knex.ref('stamp')]) })),
    /** Waits for invalidations, and lets none begin: marks are taken away in another order than they are made. */
    hold: shape((knex) => knex(count).where('name', countName).update({ stamp: knex.ref('stamp') })),
    markAll: shape((knex) => mark(knex, allName, null)),
    markTag: shape<'name'>((knex, p) => mark(knex, p.value('name'), null)),
    markPrefix: shape<'name'>((knex, p) => mark(knex, p.value('name'), null)),
    markLength: shape<'name' | 'length'>((knex, p) => mark(knex, p.value('name'), p.value('length'))),

    gone: shape<'limit'>((knex, p) => knex(rows).select({ id: 'hash' }).where('gone_at', '<=', p.now).orderBy('gone_at').limit(p.limit('limit'))),
    outdated: shape<'limit'>((knex, p) => knex(rows).select({ id: 'hash' }).where('stamp', '<', knex(marks).select('stamp').where('name', allName)).orderBy('stamp').limit(p.limit('limit'))),
    over: shape<'limit'>((knex, p) => knex(fills).select({ id: 'token' }).where('until', '<=', p.now).orderBy('until').limit(p.limit('limit'))),
    /** Below it nothing carries a stamp any more. */
    floor: shape((knex) => knex(count).select({
      count: 'stamp', oldestRow: knex(rows).min('stamp'), oldestFill: knex(fills).min('stamp'),
      marks: knex(marks).count('*'), lengths: knex(marks).count('*').where('length', '>', 0),
    }).where('name', countName)),
    forget: shape<'stamp'>((knex, p) => knex(marks).where('stamp', '<=', p.value('stamp')).delete()),
    forgetAll: shape((knex) => knex(marks).whereNot('name', allName).delete()),
  }
}
