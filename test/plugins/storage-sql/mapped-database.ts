import { setImmediate } from 'node:timers/promises'
import Database from 'better-sqlite3'
import type { ExecutionContext } from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import type { Bound, Clock } from '../../../kernel/plugin.ts'
import { silentLog } from '../../contract/log.ts'
import { folder } from './harness.ts'

/** A database as its other programs meet it. */
export interface MappedDatabase {
  readonly kind: 'sqlite' | 'postgres' | 'mariadb'
  /** What a manifest says of it. */
  readonly connection: object
  /** Runs one statement by hand; `?` stands for a value. */
  run(sql: string, params?: readonly (string | number | null)[]): Promise<readonly Readonly<Record<string, unknown>>[]>
}

/** Types that the three call otherwise. */
export const typesOf = ({ kind }: MappedDatabase) => ({
  sqlite: { folded: 'varchar(64) collate nocase', bytes: 'varchar(64)', text: 'text', real: 'real', decimal: 'decimal(12,2)', json: 'json', boolean: 'boolean' },
  // A server's own orders: what follows a language, and not bytes.
  postgres: { folded: 'varchar(64) collate folded', bytes: 'varchar(64) collate "C"', text: 'text', real: 'double precision', decimal: 'decimal(12,2)', json: 'jsonb', boolean: 'boolean' },
  mariadb: { folded: 'varchar(64) character set utf8mb4 collate utf8mb4_general_ci', bytes: 'varchar(64) character set utf8mb4 collate utf8mb4_nopad_bin', text: 'text', real: 'double', decimal: 'decimal(12,2)', json: 'longtext', boolean: 'boolean' },
})[kind]

export async function legacyTables(database: MappedDatabase): Promise<void> {
  const { folded, text, real, decimal, json, boolean } = typesOf(database)
  if (database.kind === 'postgres') await database.run(`create collation folded (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`)
  await database.run('create table customers (customer_no integer not null primary key)')
  await database.run('insert into customers values (7)')
  await database.run(`create table legacy_orders (
    order_no ${folded} not null primary key, status ${folded}, seq integer check (seq >= 0), amount ${decimal}, rate ${real}, paid ${boolean}, meta ${json},
    note varchar(10), customer_email varchar(100), customer_city varchar(100), customer_no integer references customers (customer_no),
    remark varchar(20) default 'none', row_version bigint not null)`)
  // MariaDB overlooks a key that is declared with its column.
  if (database.kind === 'mariadb') await database.run('alter table legacy_orders add constraint legacy_orders_customer foreign key (customer_no) references customers (customer_no)')
  await database.run('create index legacy_orders_status on legacy_orders (status, seq)')
  await database.run('create index legacy_orders_seq on legacy_orders (seq)')
  await database.run('create unique index legacy_orders_email on legacy_orders (customer_email)')
  await database.run(`create table items (item_no integer not null primary key, name ${text}, size bigint, active ${boolean} not null, token varchar(40) not null, made bigint not null, changed bigint)`)
}

export const orders = {
  table: 'legacy_orders', id: 'order_no', version: 'row_version', indexes: ['legacy_orders_status', 'legacy_orders_seq'],
  columns: {
    status: 'status', seq: 'seq', amount: { column: 'amount', type: 'number' }, rate: 'rate', paid: 'paid', meta: { column: 'meta', type: 'json' }, note: 'note',
    'customer.email': 'customer_email', 'customer.city': 'customer_city', 'customer.no': 'customer_no',
  },
} as const
export const items = { table: 'items', id: 'item_no', version: 'token', createdAt: 'made', updatedAt: 'changed', columns: { name: 'name', size: { column: 'size', type: 'string' }, active: 'active' } } as const

/** A binding over these collections; closed when the test ends. */
export async function startMapped(t: ExecutionContext, database: MappedDatabase, keys: object = { collections: { orders, items } }, clock?: Clock): Promise<Bound['storage']> {
  const manifest = { version: 1, name: 'mapped', connections: { main: database.connection }, ports: { storage: { on: 'main', ...keys } } }
  const kernel = await createKernel(manifest, { log: silentLog, env: {}, ...(clock && { clock }) })
  t.teardown(() => kernel.close())
  const { storage } = kernel.ports
  if (!storage) throw new TypeError('the manifest declares storage')
  return storage
}

/** A file that another program has open as well. */
export function inFile(t: ExecutionContext): Promise<MappedDatabase> {
  const file = `${folder(t)}/legacy.db`
  const other = new Database(file)
  other.pragma('journal_mode = WAL')
  t.teardown(() => other.close())
  return Promise.resolve({
    kind: 'sqlite', connection: { use: 'sqlite', with: { file, writer: 'main', synchronous: 'normal' } },
    async run(sql, params = []) {
      const statement = other.prepare(sql)
      if (statement.reader) return statement.all(...params) as Readonly<Record<string, unknown>>[]
      statement.run(...params)
      // Reads of one turn share a snapshot, which may be older than this.
      await setImmediate()
      return []
    },
  })
}
