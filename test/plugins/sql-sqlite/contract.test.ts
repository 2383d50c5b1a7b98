import { join } from 'node:path'
import test from 'ava'
import { sqlContract } from '../../contract/sql.ts'
import { call, folder, open } from './connection.ts'

for (const writer of ['worker', 'main'] as const) {
  for (const { title, run } of sqlContract) {
    test(`writer: ${writer}: ${title}`, async (t) => {
      const file = join(folder(t), 'data', 'contract.db')
      await run(t, { call, connect: async () => open(t, file, { writer }) })
    })
  }
}
