import test from 'ava'
import { BackendClock } from '../../../../kernel/ports/queue/backend-clock.ts'
import { ownCall } from '../../../../kernel/ports/queue/upkeep.ts'
import { VirtualClock } from '../../../contract/clock.ts'

const hour = 3_600_000

test('it goes as the process\'s until a backend says otherwise, by more than a second', async (t) => {
  const clock = new VirtualClock()
  const time = new BackendClock(clock)

  time.learn(clock.now() + 900, clock.now())
  t.is(time.now(), clock.now())

  time.learn(clock.now() - hour, clock.now())
  t.is(time.now(), clock.now() - hour)
  time.learn(clock.now() - hour - 900, clock.now())
  t.is(time.now(), clock.now() - hour)
})

test('an answer that was long on its way proves no more than that the backend was at its time meanwhile', async (t) => {
  const clock = new VirtualClock()
  const time = new BackendClock(clock)
  const askedMs = clock.now()
  await clock.advance(20_000)

  time.learn(askedMs + 100, askedMs)
  t.is(time.now(), clock.now())
  time.learn(askedMs + hour, askedMs)

  // Somewhere in those twenty seconds.
  t.is(time.now(), clock.now() + hour - 10_000)
})

test('a backend is asked for its time before anything is decided by it, and once', async (t) => {
  const clock = new VirtualClock()
  const time = new BackendClock(clock)
  let asked = 0
  const driver = { due: async () => ({ found: {}, nowMs: clock.now() + hour + ++asked }) }

  await time.know(driver, ownCall())
  await time.know(driver, ownCall())

  t.is(asked, 1)
  t.is(time.now(), clock.now() + hour + 1)
})
