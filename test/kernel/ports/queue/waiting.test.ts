import test from 'ava'
import { Upkeep } from '../../../../kernel/ports/queue/upkeep.ts'
import { Waiting } from '../../../../kernel/ports/queue/waiting.ts'
import type { Due, RowQueue } from '../../../../kernel/ports/queue/index.ts'
import { defaultRules } from '../../../../kernel/ports/queue/keys.ts'
import type { Log } from '../../../../kernel/plugin.ts'
import { VirtualClock } from '../../../contract/clock.ts'

const never = new AbortController().signal
const turn = () => new Promise((resolve) => setImmediate(resolve))

function line(t: { log(text: string): void }) {
  const clock = new VirtualClock()
  const waiting = new Waiting(clock, 3)
  const gone: string[] = []
  const wait = (name: string, signal = never) => void waiting.wait('emails', waiting.wakes('emails'), 1_000, signal).then(() => { gone.push(name); t.log(name) })
  return { clock, waiting, gone, wait }
}

test('a wake-up lets one go, the first; that one lets the next go', async (t) => {
  const { waiting, gone, wait } = line(t)
  wait('a')
  wait('b')
  t.true(waiting.any)

  waiting.wake('other')
  waiting.wake('emails')
  await turn()
  t.deepEqual(gone, ['a'])
  waiting.pass('emails')
  await turn()
  t.deepEqual(gone, ['a', 'b'])
  t.false(waiting.any)
})

test('a wake-up that came while its caller looked is not missed', async (t) => {
  const { waiting } = line(t)
  const before = waiting.wakes('emails')

  waiting.wake('emails')

  await waiting.wait('emails', before, 1_000_000, never)
  t.false(waiting.any)
})

test('who waits goes at its time, and at once when it gives up; the rest stays', async (t) => {
  const { clock, waiting, gone, wait } = line(t)
  const giving = new AbortController()
  wait('patient')
  wait('giving up', giving.signal)

  giving.abort()
  await turn()
  t.deepEqual(gone, ['giving up'])
  await clock.advance(999)
  t.true(waiting.any)
  await clock.advance(1)
  t.deepEqual(gone, ['giving up', 'patient'])
})

test('of many queues that are waited on some are polled, each in its turn', async (t) => {
  const waiting = new Waiting(new VirtualClock(), 10)
  const gone: string[] = []
  for (const queue of ['a', 'b', 'c', 'd', 'e']) void waiting.wait(queue, waiting.wakes(queue), 1_000, never).then(() => gone.push(queue))

  waiting.wakeSome(2)
  await turn()
  t.is(gone.length, 2)
  for (let times = 0; times < 4; times++) waiting.wakeSome(2)
  await turn()

  t.deepEqual(gone.toSorted(), ['a', 'b', 'c', 'd', 'e'])
})

test('the line is bounded, and closing empties it', async (t) => {
  const { waiting, gone, wait } = line(t)
  for (const name of ['a', 'b', 'c']) wait(name)
  t.true(waiting.full)

  waiting.close()
  await turn()

  t.deepEqual(gone, ['a', 'b', 'c'])
})

/** The upkeep over a backend where `due` is what the test says; how often it was asked. */
function upkeep(due: () => Due, awaited: boolean, wakesReach: RowQueue['wakesReach'] = 'everyone') {
  const clock = new VirtualClock()
  const asked: number[] = []
  const warned: string[] = []
  const log: Log = { debug: () => undefined, info: () => undefined, warn: (_, message) => void warned.push(message), error: () => undefined, child: () => log }
  const woken: string[] = []
  const look = async (_: unknown, waitedOn?: readonly string[]) => {
    asked.push(clock.now())
    return { found: { ...due(), inLine: waitedOn }, nowMs: clock.now() }
  }
  const driver = { wakesReach, due: look, promote: async () => 1, sweep: async () => 0 }
  const parts = { time: { learn: () => undefined }, fire: () => Promise.resolve({ moved: 0, againInMs: Number.POSITIVE_INFINITY }), lapsed: () => undefined, ready: () => undefined, wake: (queue: string) => void woken.push(queue), poll: () => void woken.push('some'), waitedOn: () => ['emails'], awaited: () => awaited }
  return { clock, asked, warned, woken, upkeep: new Upkeep({ driver: driver as unknown as RowQueue, clock, log, rules: () => defaultRules, ...parts }) }
}

test('a queue at rest asks its backend nothing until it is used, and then once a minute', async (t) => {
  const { clock, asked, upkeep: kept } = upkeep(() => ({}), false)
  await clock.advance(3_600_000)
  t.is(asked.length, 0)

  await kept.settle()
  await clock.advance(600_000)

  t.true(asked.length <= 12, `${asked.length} calls`)
})

test('with a waiter it asks once in five seconds, whatever happens', async (t) => {
  const { clock, asked, woken, upkeep: kept } = upkeep(() => ({}), true)
  kept.attend()

  await clock.advance(60_000)

  t.true(asked.length >= 10 && asked.length <= 14, `${asked.length} calls`)
  t.deepEqual([...new Set(woken)], ['some'])
})

test('with a waiter whom other processes do not reach it asks once a second, and wakes the queues that it is told of', async (t) => {
  const { clock, asked, woken, upkeep: kept } = upkeep(() => ({}), true, 'process')
  kept.attend()

  await clock.advance(60_000)

  t.true(asked.length >= 59 && asked.length <= 61, `${asked.length} calls`)
  t.deepEqual(woken, asked.map(() => 'emails'))
})

test('it looks at the very moment that something is due', async (t) => {
  const start = new VirtualClock().now()
  const { clock, asked, upkeep: kept } = upkeep(() => (asked.length < 3 ? { scheduled: start + 1_234 } : {}), true)
  await kept.settle()

  await clock.advance(2_000)

  t.true(asked.includes(start + 1_234))
})

test('a backend that fails is asked again later, and nobody\'s call fails with it', async (t) => {
  const { clock, asked, warned, upkeep: kept } = upkeep(() => { throw new Error('down') }, true)

  await t.notThrowsAsync(kept.settle())
  await clock.advance(60_000)

  t.true(asked.length > 5 && asked.length <= 14, `${asked.length} calls`)
  t.is(warned.length, asked.length)
})

for (const awaited of [true, false]) {
  test(`finished jobs are removed as fast as they can come, ${awaited ? 'beside waiters' : 'at rest'}`, async (t) => {
    const clock = new VirtualClock()
    let left = 300_000
    const take = (limit: number) => {
      const taken = Math.min(limit, left)
      left -= taken
      return taken
    }
    const driver = { due: async () => ({ found: left > 0 ? { finished: clock.now() - 1 } : {}, nowMs: clock.now() }), sweep: async (limit: number) => take(limit) }
    const kept = new Upkeep({ driver: driver as unknown as RowQueue, clock, time: { learn: () => undefined }, log: { warn: (_: object, text: string) => t.fail(text) } as unknown as Log, rules: () => defaultRules, fire: () => Promise.resolve({ moved: 0, againInMs: Number.POSITIVE_INFINITY }), lapsed: () => undefined, ready: () => undefined, wake: () => undefined, poll: () => undefined, waitedOn: () => [], awaited: () => awaited })
    await kept.settle()

    await clock.advance(60_000)

    t.is(left, 0)
  })
}

test('a closed one asks no more', async (t) => {
  const { clock, asked, upkeep: kept } = upkeep(() => ({}), true)
  kept.note(0)
  await kept.close()

  await clock.advance(60_000)

  t.is(asked.length, 0)
})
