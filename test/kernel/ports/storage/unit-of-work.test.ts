import test from 'ava'
import { isPorticoError, type PorticoError } from '../../../../kernel/errors.ts'
import { databaseError } from '../../../../kernel/ports/sql/index.ts'
import { collectionsOf } from '../../../../kernel/ports/storage/index.ts'
import { StorageStage } from '../../../../kernel/ports/storage/stage.ts'
import { runUnit, unitCall } from '../../../../kernel/ports/storage/unit-of-work.ts'
import type { StorageDriver } from '../../../../kernel/ports/storage/driver.ts'

/** A connection that answers each commit with the next of these errors, and then commits. */
function answering(...errors: readonly PorticoError[]) {
  let commits = 0
  const connection = {
    async commit() {
      const error = errors[commits++]
      if (error) throw error
      return undefined
    },
  }
  // A stage asks its driver for nothing but its steps here.
  const driver = { commits: connection, steps: (entries: readonly unknown[]) => entries.map((entry) => [entry]) } as unknown as StorageDriver
  const write = (timeoutMs: number) => runUnit(unitCall({ timeoutMs }), async (unit) => {
    const stage = unit.join(connection, 'storage', () => new StorageStage({ binding: 'storage', driver, collections: collectionsOf({}), units: true }))
    stage.check('orders', 'o1', 'present', 'STORAGE_VERSION_CONFLICT')
  })
  return { write, commits: () => commits }
}

const busy = databaseError('main', 'busy', '')
const codeOf = (error: unknown) => (isPorticoError(error) ? error.code : String(error))

test('what a backend was too busy for is tried again', async (t) => {
  const { write, commits } = answering(busy, busy, busy)
  await write(5_000)
  t.is(commits(), 4)
})

test('a backend that stays busy is not asked until the deadline', async (t) => {
  const { write, commits } = answering(...Array.from({ length: 100 }, () => busy))
  t.is(await write(60_000).then(() => 'done', codeOf), 'DATABASE_BUSY')
  t.true(commits() < 20)
})

test('a commit whose outcome is unknown is told so, and never tried again', async (t) => {
  const { write, commits } = answering(databaseError('main', 'outcome-unknown', ''))
  t.is(await write(5_000).then(() => 'done', codeOf), 'STORAGE_OUTCOME_UNKNOWN')
  t.is(commits(), 1)
})
