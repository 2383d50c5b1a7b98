import test from 'ava'
import { policed, settled } from './policed.ts'

const rules = { errorsShare: 0.5, dropShare: 0.1 }
const drawing = (...values: number[]) => () => values.shift() ?? 0.99

test('so many calls fail and so many are never answered, as chance draws; the others reach the driver', async (t) => {
  const { face } = policed({ chaos: rules, random: drawing(0.49, 0.59, 0.6), drivers: [{}] })

  await t.throwsAsync(face.say({ text: 'x' }), { code: 'CHAOS_INJECTED' })
  await t.throwsAsync(face.say({ text: 'x' }, { timeoutMs: 20 }), { code: 'CALL_DEADLINE_EXCEEDED' })
  t.deepEqual(await face.say({ text: 'x' }), { said: 'x' })
})

test('each call reaches the driver later, on the kernel\'s clock', async (t) => {
  let reached = 0
  const { face, clock } = policed({ chaos: { ...rules, latencyMs: 200 }, random: () => 0.9, drivers: [{ say: ({ text }) => { reached++; return Promise.resolve({ said: text }) } }] })

  const answer = face.say({ text: 'x' })
  await settled()
  await clock.advance(199)
  t.is(reached, 0)
  await clock.advance(1)

  t.deepEqual(await answer, { said: 'x' })
})

test('a policy has to do with the faults, and a fallback answers them', async (t) => {
  const retry = { attempts: 2, initialMs: 10, maxMs: 10, budgetShare: 0.2 }
  const retried = policed({ policy: { retry }, chaos: rules, random: drawing(0.1, 1, 0.9), drivers: [{}] })
  const answer = retried.face.say({ text: 'x' })
  await settled()
  await retried.clock.advance(10)
  t.deepEqual(await answer, { said: 'x' })

  const dropped = policed({ policy: { attemptTimeoutMs: 20 }, chaos: { errorsShare: 0, dropShare: 1 }, random: () => 0.5, drivers: [{}, {}] })
  t.deepEqual<unknown, unknown>(await dropped.face.say({ text: 'x' }), { said: 'x', degraded: true })
})
