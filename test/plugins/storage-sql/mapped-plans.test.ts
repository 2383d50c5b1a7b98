import test from 'ava'
import { callWith, folder, open } from './harness.ts'
import { askedOf, fillTable } from './mapped-plans.ts'

test('a condition on the first column of an index of the table goes through it', async (t) => {
  const connection = open(t, `${folder(t)}/legacy.db`)
  await fillTable(connection)

  for (const { statement: { sql, params }, index } of await askedOf(connection)) {
    const plan = await connection.query<{ detail: string }>({ sql: `explain query plan ${sql}`, params }, callWith())
    t.regex(plan.map(({ detail }) => detail).join('; '), new RegExp(`SEARCH many USING (?:COVERING )?INDEX ${index} `), sql)
  }
})
