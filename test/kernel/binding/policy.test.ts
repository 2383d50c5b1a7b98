import test from 'ava'
import { getEventListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Call } from '../../../kernel/call.ts'
import { failure, policed, settled } from './policed.ts'
import { generationOf } from './echo.ts'

const retry = { attempts: 3, initialMs: 100, maxMs: 150, budgetShare: 0.2 }
const circuitBreaker = { failures: 2, openForMs: 30_000 }
const hangs = () => new Promise<never>(() => undefined)

/** A driver that answers what the test says, one after the other, and counts. */
function scripted(...answers: ((call: Call) => Promise<{ said: string }>)[]) {
  const calls: Call[] = []
  const say = (_input: object, call: Call) => {
    calls.push(call)
    return answers[Math.min(calls.length, answers.length) - 1]?.(call) ?? Promise.resolve({ said: 'yes' })
  }
  return { calls, say, store: async (input: object, call: Call) => { await say(input, call); return null } }
}
const down = (error = failure()) => () => Promise.reject(error)
const up = () => Promise.resolve({ said: 'yes' })

test('a failure that may pass is tried again after a jittered wait, as often as the policy says', async (t) => {
  const driver = scripted(down(), down(), up)
  const { face, clock, metrics } = policed({ policy: { retry }, drivers: [driver] })

  const answer = face.say({ text: 'x' })
  await settled()
  t.is(driver.calls.length, 1)
  await clock.advance(99)
  t.is(driver.calls.length, 1)
  await clock.advance(1)
  t.is(driver.calls.length, 2)
  await clock.advance(150)

  t.deepEqual(await answer, { said: 'yes' })
  t.is(driver.calls.length, 3)
  t.true((await metrics()).includes('portico_policy_retries_total{binding="echo",operation="say"} 2'))
})

test('the last attempt\'s failure is the answer, and each attempt is the same call', async (t) => {
  const driver = scripted(down(), down(), down(failure(502)))
  const { face, clock } = policed({ policy: { retry }, drivers: [driver] })

  const answer = t.throwsAsync(face.say({ text: 'x' }), { code: 'ECHO_DOWN', message: 'failed' })
  await settled()
  await clock.advance(250)

  t.is((await answer as unknown as { status: number }).status, 502)
  t.is(new Set(driver.calls.map(({ callId }) => callId)).size, 1)
  t.is(driver.calls.length, 3)
})

test('what is not idempotent, and what would fail again, is never tried again', async (t) => {
  const write = scripted(down())
  await t.throwsAsync(policed({ policy: { retry }, drivers: [write] }).face.store({ text: 'x' }), { code: 'ECHO_DOWN' })
  const refused = scripted(down(failure(409)))
  await t.throwsAsync(policed({ policy: { retry }, drivers: [refused] }).face.say({ text: 'x' }), { code: 'ECHO_REFUSED' })

  t.is(write.calls.length, 1)
  t.is(refused.calls.length, 1)
})

test('a wait that the backend asks for is kept, and none is begun that the call has no time for', async (t) => {
  const driver = scripted(down(failure(503, 400)), up)
  const { face, clock } = policed({ policy: { retry, timeoutMs: 5_000 }, drivers: [driver] })
  const answer = face.say({ text: 'x' })
  await settled()
  await clock.advance(399)
  t.is(driver.calls.length, 1)
  await clock.advance(1)
  t.deepEqual(await answer, { said: 'yes' })

  const slow = scripted(down(failure(503, 6_000)))
  await t.throwsAsync(policed({ policy: { retry, timeoutMs: 5_000 }, drivers: [slow] }).face.say({ text: 'x' }), { code: 'ECHO_DOWN' })
  await t.throwsAsync(policed({ policy: { retry }, drivers: [slow] }).face.say({ text: 'x' }, { timeoutMs: 3_000 }), { code: 'ECHO_DOWN' })
  t.is(slow.calls.length, 2)
})

test('retries of all calls come out of one budget', async (t) => {
  const driver = scripted(down())
  const { face, clock, metrics } = policed({ policy: { retry: { ...retry, attempts: 2 } }, drivers: [driver] })

  const answers = Promise.allSettled(Array.from({ length: 25 }, () => face.say({ text: 'x' })))
  await settled()
  await clock.advance(1_000)
  await answers

  t.is(driver.calls.length, 35)
  const text = await metrics()
  t.true(text.includes('portico_policy_retries_withheld_total{binding="echo",operation="say"} 15'))
  t.true(text.includes('portico_policy_retry_budget{binding="echo"} 0'))
})

test('a caller that gives up while a retry is waited for makes none', async (t) => {
  const driver = scripted(down())
  const { face, clock } = policed({ policy: { retry }, drivers: [driver] })
  const giveUp = new AbortController()

  const answer = t.throwsAsync(face.say({ text: 'x' }, { signal: giveUp.signal }), { code: 'CALL_ABORTED' })
  await settled()
  giveUp.abort()
  await answer
  await clock.advance(1_000)

  t.is(driver.calls.length, 1)
  t.is(getEventListeners(giveUp.signal, 'abort').length, 0)
})

test('a late attempt is really cancelled: its driver sees the signal and how little time there is', async (t) => {
  let seenMs = 0
  let aborted = 0
  const driver = scripted((call) => new Promise((_resolve, reject) => {
    seenMs = call.remainingMs()
    call.signal.addEventListener('abort', () => { aborted++; reject(new Error('cancelled')) })
  }), up)
  const { face, clock, instruments, log } = policed({ policy: { retry, attemptTimeoutMs: 50 }, drivers: [driver] })

  const answer = face.say({ text: 'x' })
  while (aborted === 0) await settled()
  await settled()
  await clock.advance(100)

  t.deepEqual(await answer, { said: 'yes' })
  t.true(seenMs > 0 && seenMs <= 50)
  t.false(driver.calls[1]?.signal.aborted)
  t.is(instruments.called()[0]?.inFlight, 0)
  t.deepEqual(log.lines, [])
})

test('an attempt that is late is a deadline for what may be repeated, and unknown for what may not', async (t) => {
  const { face } = policed({ policy: { attemptTimeoutMs: 20 }, drivers: [{ say: hangs, store: hangs }] })

  await t.throwsAsync(face.say({ text: 'x' }), { code: 'CALL_DEADLINE_EXCEEDED' })
  await t.throwsAsync(face.store({ text: 'x' }), { code: 'CALL_OUTCOME_UNKNOWN' })
})

test('the whole call ends by the policy\'s time, and then its fallback is asked', async (t) => {
  const alone = policed({ policy: { timeoutMs: 30, retry }, drivers: [{ say: hangs }] })
  await t.throwsAsync(alone.face.say({ text: 'x' }), { code: 'CALL_DEADLINE_EXCEEDED' })

  const { face } = policed({ policy: { timeoutMs: 30 }, drivers: [{ say: hangs }, scripted(up)] })
  t.deepEqual<unknown, unknown>(await face.say({ text: 'x' }), { said: 'yes', degraded: true })
})

test('failures of the backend open the circuit: calls are refused until one may try, and that is logged once', async (t) => {
  const driver = scripted(down(), down(), up)
  const { binding, face, clock, log, metrics } = policed({ policy: { circuitBreaker }, drivers: [driver] })
  await t.throwsAsync(face.say({ text: 'x' }), { code: 'ECHO_DOWN' })
  await t.throwsAsync(face.store({ text: 'x' }), { code: 'ECHO_DOWN' })

  const refused = await t.throwsAsync(face.say({ text: 'x' }), { code: 'CALL_CIRCUIT_OPEN' }) as unknown as { retryAfterMs: number }
  t.is(refused.retryAfterMs, 30_000)
  t.is((await binding.health()).status, 'degraded')
  t.deepEqual(binding.policy?.circuit, { state: 'open', retryInMs: 30_000 })
  t.is(driver.calls.length, 2)

  await clock.advance(30_000)
  t.deepEqual(await face.say({ text: 'x' }), { said: 'yes' })
  t.is((await binding.health()).status, 'ok')
  t.deepEqual(log.lines.map(({ message }) => message), ['circuit opened', 'circuit half-open: one call tries', 'circuit closed'])
  const text = await metrics()
  t.true(text.includes('portico_policy_rejected_total{binding="echo",operation="say",reason="circuit_open"} 1'))
  t.true(text.includes('portico_policy_circuit_transitions_total{binding="echo",to="open"} 1'))
  t.true(text.includes('portico_policy_circuit_state{binding="echo"} 0'))
})

test('the attempt that opens the circuit is the last one, and costs no retry', async (t) => {
  const driver = scripted(down())
  const { binding, face, clock } = policed({ policy: { retry, circuitBreaker }, drivers: [driver] })

  const answer = t.throwsAsync(face.say({ text: 'x' }), { code: 'ECHO_DOWN' })
  await settled()
  await clock.advance(100)
  await answer

  t.is(driver.calls.length, 2)
  t.is(binding.policy?.retryBudget.left, 9)
})

test('a late backend opens the circuit, also where only the call itself has a time', async (t) => {
  const { binding, face } = policed({ policy: { circuitBreaker, attemptTimeoutMs: 10 }, drivers: [{ say: hangs }] })
  for (let n = 0; n < 2; n++) await t.throwsAsync(face.say({ text: 'x' }), { code: 'CALL_DEADLINE_EXCEEDED' })

  t.is(binding.policy?.circuit?.state, 'open')
})

test('mistakes of callers, their impatience and their giving up leave the circuit closed', async (t) => {
  const giveUp = new AbortController()
  const hearing = (call: Call) => new Promise<never>((_resolve, reject) => { call.signal.addEventListener('abort', () => { reject(failure()) }) })
  // As drivers do whose SDK is given a time.
  const inTime = async (call: Call) => {
    while (call.remainingMs() > 0) await sleep(1)
    throw failure(504)
  }
  const driver = scripted(down(failure(400)), down(failure(404)), down(failure(502, undefined, true)), hearing, hangs, inTime, hangs)
  const { binding, face } = policed({ policy: { circuitBreaker: { ...circuitBreaker, failures: 1 } }, drivers: [driver] })

  for (let n = 0; n < 2; n++) await t.throwsAsync(face.say({ text: 'x' }), { code: 'ECHO_REFUSED' })
  await t.throwsAsync(face.say({ text: 'x' }), { code: 'ECHO_DOWN' })
  const givenUp = t.throwsAsync(face.say({ text: 'x' }, { signal: giveUp.signal }), { code: 'ECHO_DOWN' })
  giveUp.abort()
  await givenUp
  await t.throwsAsync(face.say({ text: 'x' }, { timeoutMs: 10 }), { code: 'CALL_DEADLINE_EXCEEDED' })
  await t.throwsAsync(face.say({ text: 'x' }, { timeoutMs: 10 }))

  t.is(driver.calls.length, 6)
  t.is(binding.policy?.circuit?.state, 'closed')
})

test('so many calls are made at once, so many wait in their order, and the next one is refused', async (t) => {
  const gates = Array.from({ length: 3 }, () => Promise.withResolvers<{ said: string }>())
  const driver = scripted(...gates.map(({ promise }) => () => promise))
  const { binding, face, metrics } = policed({ policy: { bulkhead: { concurrent: 1, queued: 2 } }, drivers: [driver] })

  const answers = [1, 2, 3].map((n) => face.say({ text: String(n) }))
  await t.throwsAsync(face.say({ text: '4' }), { code: 'CALL_BULKHEAD_FULL' })
  t.deepEqual(binding.policy?.bulkhead, { inFlight: 1, concurrent: 1, waiting: 2, queued: 2 })
  t.true((await metrics()).includes('portico_policy_bulkhead_waiting{binding="echo"} 2'))

  for (const [index, gate] of gates.entries()) {
    t.is(driver.calls.length, index + 1)
    gate.resolve({ said: String(index) })
    await settled()
  }
  t.deepEqual(await Promise.all(answers), [{ said: '0' }, { said: '1' }, { said: '2' }])
  t.is(binding.policy?.bulkhead?.inFlight, 0)
})

test('thousands who waited for a place are answered, also by a driver that answers at once', async (t) => {
  const first = Promise.withResolvers<{ readonly said: string }>()
  const { face } = policed({ policy: { bulkhead: { concurrent: 1, queued: 20_000 } }, drivers: [{ say: ({ text }) => (text === 'first' ? first.promise : { said: text }) }] })
  const calls = [face.say({ text: 'first' }), ...Array.from({ length: 20_000 }, () => face.say({ text: 'next' }))]

  first.resolve({ said: 'first' })

  const said = await Promise.all(calls)
  t.deepEqual([said[0], said[1], said.at(-1)], [{ said: 'first' }, { said: 'next' }, { said: 'next' }])
})

test('who waits for a place holds none once its caller gave up or its time is over', async (t) => {
  const gate = Promise.withResolvers<{ said: string }>()
  const driver = scripted(() => gate.promise, up)
  const { binding, face } = policed({ policy: { bulkhead: { concurrent: 1, queued: 5 }, operations: { store: { timeoutMs: 20 } } }, drivers: [driver] })
  const giveUp = new AbortController()
  const first = face.say({ text: 'x' })

  const aborted = t.throwsAsync(face.say({ text: 'x' }, { signal: giveUp.signal }), { code: 'CALL_ABORTED' })
  const late = t.throwsAsync(face.store({ text: 'x' }), { code: 'CALL_DEADLINE_EXCEEDED' })
  const impatient = t.throwsAsync(face.say({ text: 'x' }, { timeoutMs: 20 }), { code: 'CALL_DEADLINE_EXCEEDED' })
  giveUp.abort()
  await Promise.all([aborted, late, impatient])

  t.deepEqual(binding.policy?.bulkhead, { inFlight: 1, concurrent: 1, waiting: 0, queued: 5 })
  gate.resolve({ said: 'yes' })
  await first
  t.is(driver.calls.length, 1)
  t.deepEqual(await face.say({ text: 'x' }), { said: 'yes' })
})

test('who waits on purpose takes no place: what it waits for may need one', async (t) => {
  const job = Promise.withResolvers<null>()
  const { binding, face } = policed({ policy: { bulkhead: { concurrent: 1, queued: 0 } }, drivers: [{ wait: () => job.promise }] })

  const waiting = [1, 2, 3].map(() => face.wait({ waitMs: 1_000 }))
  t.is(binding.policy?.bulkhead?.inFlight, 0)
  t.deepEqual(await face.say({ text: 'x' }), { said: 'x' })

  job.resolve(null)
  t.deepEqual(await Promise.all(waiting), [null, null, null])
})

test('who waited for a place while the circuit opened is refused when its turn comes', async (t) => {
  const gate = Promise.withResolvers<never>()
  const driver = scripted(() => gate.promise)
  const { face } = policed({ policy: { circuitBreaker: { ...circuitBreaker, failures: 1 }, bulkhead: { concurrent: 1, queued: 5_000 } }, drivers: [driver] })

  const first = t.throwsAsync(face.say({ text: 'x' }), { code: 'ECHO_DOWN' })
  const others = Promise.allSettled(Array.from({ length: 5_000 }, () => face.say({ text: 'x' })))
  gate.reject(failure())
  await first

  const codes = (await others).map((one) => (one.status === 'rejected' ? (one.reason as { code: string }).code : 'ok'))
  t.deepEqual([...new Set(codes)], ['CALL_CIRCUIT_OPEN'])
  t.is(driver.calls.length, 1)
})

test('an operation may have parts of its own, and do without others', async (t) => {
  const policy = { circuitBreaker, retry, operations: { say: { circuitBreaker: { failures: 1, openForMs: 1_000 }, retry: null }, store: { circuitBreaker: null } } }
  const { binding, face } = policed({ policy, drivers: [{ say: () => Promise.reject(failure()), store: () => Promise.reject(failure()) }] })

  await t.throwsAsync(face.say({ text: 'x' }), { code: 'ECHO_DOWN' })
  await t.throwsAsync(face.say({ text: 'x' }), { code: 'CALL_CIRCUIT_OPEN' })
  for (let n = 0; n < 4; n++) await t.throwsAsync(face.store({ text: 'x' }), { code: 'ECHO_DOWN' })

  t.like(binding.policy, { circuit: { state: 'closed' }, operations: { say: { circuit: { state: 'open' } } } })
  t.is((await binding.health()).status, 'degraded')
})

test('another driver begins with a closed circuit', async (t) => {
  const { binding, face } = policed({ policy: { circuitBreaker }, drivers: [{ say: () => Promise.reject(failure()) }] })
  for (let n = 0; n < 2; n++) await t.throwsAsync(face.say({ text: 'x' }), { code: 'ECHO_DOWN' })

  binding.point.swap(generationOf({}))

  t.deepEqual(await face.say({ text: 'x' }), { said: 'x' })
  t.is(binding.policy?.circuit?.state, 'closed')
})
