import test from 'ava'
import { mappedCases } from './mapped-cases.ts'
import { inFile } from './mapped-database.ts'
import { answersAlike } from './mapped-oracle.ts'

for (const { title, run } of mappedCases) test(`sqlite: ${title}`, async (t) => run(t, await inFile(t)))

test('sqlite: any query is answered as over an array', async (t) => answersAlike(t, await inFile(t)))
