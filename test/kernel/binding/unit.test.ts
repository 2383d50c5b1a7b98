import test from 'ava'
import { makeUnit } from '../../../kernel/binding/unit.ts'
import type { Call, Commits, Stage } from '../../../kernel/call.ts'

const call: Call = { signal: new AbortController().signal, remainingMs: () => 1_000, traceId: '', text: false, degrade: () => undefined }

/** A unit of two stages, and what became of them in turn. */
function begin(commit: Commits<string>['commit']) {
  const told: string[] = []
  const commits: Commits<string> = { commit }
  const unit = makeUnit()
  for (const name of ['a', 'b']) {
    unit.join<string, Stage<string>>(commits, name, () => ({
      binding: name, steps: () => [name],
      refused: () => new Error('refused'),
      committed: () => void told.push(`${name} committed`),
      settled: async () => {
        await new Promise((resolve) => setImmediate(resolve))
        told.push(`${name} settled`)
      },
    }))
  }
  return { unit, told }
}

test('who has something to do once a batch is durable is waited for', async (t) => {
  const { unit, told } = begin(async () => undefined)

  await unit.commit(call)

  t.deepEqual(told, ['a committed', 'b committed', 'a settled', 'b settled'])
})

test('the same when nobody knows what became of the batch', async (t) => {
  const { unit, told } = begin(() => Promise.reject(new Error('lost')))

  await t.throwsAsync(unit.commit(call), { message: 'lost' })

  t.deepEqual(told, ['a settled', 'b settled'])
})

test('of a batch that was refused nothing is to be done', async (t) => {
  const { unit, told } = begin(async () => ({ step: 1, reason: 'count' }))

  await t.throwsAsync(unit.commit(call), { message: 'refused' })

  t.deepEqual(told, [])
})
