import test from 'ava'
import { folder } from './harness.ts'
import { killInTheMiddle } from './killed-migration.ts'

test('a migration that is killed in the middle, four times, finishes at the fifth, and nothing was done twice', (t) => killInTheMiddle(t, folder(t), { use: 'sqlite', with: { file: 'shop.db' } }, 1_200))
