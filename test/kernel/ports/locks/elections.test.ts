import test, { type ExecutionContext } from 'ava'
import { createKernel } from '../../../../kernel/index.ts'
import { Elections } from '../../../../kernel/ports/locks/elections.ts'
import { databaseError } from '../../../../kernel/ports/sql/index.ts'
import { VirtualClock } from '../../../contract/clock.ts'
import { silentLog } from '../../../contract/log.ts'

async function start(t: ExecutionContext) {
  const clock = new VirtualClock()
  const kernel = await createKernel({ version: 1, name: 'test', ports: { locks: { use: 'memory' } } }, { clock, log: silentLog, env: {} })
  t.teardown(() => kernel.close())
  return { clock, kernel, locks: kernel.ports.locks }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => { signal.addEventListener('abort', () => { resolve() }, { once: true }) })
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('a leader that cannot renew is told before another can lead, and leads again later', async (t) => {
  const { clock, locks } = await start(t)
  let down = false
  const elections = new Elections({
    clock, log: silentLog,
    locks: { ...locks, renew: (input) => (down ? Promise.reject(databaseError('main', 'unavailable', '')) : locks.renew(input)) },
  })
  const runs: number[] = []
  const told: number[] = []
  const leading = elections.leader('a', async ({ signal, fencingToken }) => {
    runs.push(fencingToken)
    if (runs.length === 2) return 'done'
    await untilAborted(signal)
    told.push(clock.now())
    return 'late'
  }, { ttlMs: 1_000 })
  const startedMs = clock.now()
  await turn()
  for (let passed = 0; passed < 900; passed += 100) await clock.advance(100)

  down = true
  while (told.length === 0 && clock.now() < startedMs + 5_000) await clock.advance(50)
  const toldMs = clock.now()
  for (let passed = 0; passed < 2_000; passed += 50) await clock.advance(50)

  t.is(await leading, 'done')
  t.is(runs.length, 2)
  t.true((runs[1] ?? 0) > (runs[0] ?? 0))
  // Its last renewal was at least two thirds of a second after it began.
  t.true(toldMs - startedMs > 1_500 && toldMs - startedMs <= 2_000, `${toldMs - startedMs} ms`)
})

test('a leader whose lock another ended is told at its next renewal', async (t) => {
  const { clock, locks } = await start(t)
  let token = ''
  const elections = new Elections({
    clock, log: silentLog,
    locks: { ...locks, acquire: async (input) => {
      const grant = await locks.acquire(input)
      token = grant.token
      return grant
    } },
  })
  const stop = new AbortController()
  let aborted = 0
  const leading = elections.leader('a', async ({ signal }) => {
    await untilAborted(signal)
    aborted++
  }, { ttlMs: 1_000, signal: stop.signal })
  await turn()
  await turn()

  await locks.release({ name: 'a', token })
  for (let passed = 0; passed < 500; passed += 50) await clock.advance(50)

  t.is(aborted, 1)
  stop.abort()
  await leading
})

test('a backend that is down is asked again for the lead', async (t) => {
  const { clock, locks } = await start(t)
  let asked = 0
  const elections = new Elections({
    clock, log: silentLog,
    locks: { ...locks, acquire: (input) => (++asked < 3 ? Promise.reject(databaseError('main', 'unavailable', '')) : locks.acquire(input)) },
  })

  const leading = elections.leader('a', () => 'led')
  for (let passed = 0; passed < 3_000; passed += 500) await clock.advance(500)

  t.is(await leading, 'led')
  t.is(asked, 3)
})

test('a shutdown tells the leader, waits for it, and gives the lead back', async (t) => {
  const { kernel, locks } = await start(t)
  let ended = false
  const leading = locks.leader('a', async ({ signal }) => {
    await untilAborted(signal)
    await turn()
    ended = true
  })
  const waiting = locks.leader('a', () => 'never')
  await turn()

  t.is(await kernel.close(), 0)

  t.true(ended)
  t.deepEqual(await Promise.all([leading, waiting]), [undefined, undefined])
})

test('a candidate whose grant was lost on the way leads as soon as it asks again', async (t) => {
  const { clock, locks } = await start(t)
  const startedMs = clock.now()
  let asked = 0
  const elections = new Elections({
    clock, log: silentLog,
    locks: { ...locks, acquire: async (input) => {
      const grant = await locks.acquire(input)
      asked += 1
      if (asked === 1) throw databaseError('main', 'outcome-unknown', '')
      return grant
    } },
  })

  const leading = elections.leader('a', () => 'done', { ttlMs: 60_000 })
  for (let passed = 0; passed < 3_000; passed += 500) {
    await turn()
    await clock.advance(500)
  }

  t.is(await leading, 'done')
  t.is(asked, 2)
  t.true(clock.now() - startedMs < 60_000)
})
