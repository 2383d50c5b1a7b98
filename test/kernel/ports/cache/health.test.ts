import test from 'ava'
import { VirtualClock } from '../../../contract/clock.ts'
import { Frail, turns } from './frail.ts'
import { over } from './over.ts'

test('a cache says in its health that its backend is left alone, or has not been told of a change', async (t) => {
  const clock = new VirtualClock()
  const frail = new Frail(clock)
  const { cache, call, ailment } = over(frail.driver, { clock, keys: {} })
  await cache.set({ key: 'a', value: 1 }, call)
  t.is(ailment(), undefined)

  frail.refuses = (what) => what.startsWith('invalidate')
  await cache.invalidate({ prefix: 'a' }, call)
  await turns()
  t.regex(ailment() ?? '', /left alone|not been told/)
  frail.refuses = () => false
  await clock.advance(2_000)
  await turns()
  t.is(ailment(), undefined)

  frail.mode = 'fails'
  for (let n = 0; n < 5; n += 1) await cache.get({ key: 'a' }, call)
  t.regex(ailment() ?? '', /left alone/)
  frail.mode = 'up'
  await clock.advance(2_000)
  await turns()
  t.is(ailment(), undefined)
})
