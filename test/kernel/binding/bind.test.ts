import test from 'ava'
import { PorticoError } from '../../../kernel/errors.ts'
import { definePort } from '../../../kernel/ports/definition.ts'
import { bindEcho, echo, generationOf } from './echo.ts'

const down = () => Promise.reject(new PorticoError('ECHO_DOWN', { status: 503, retryable: true, title: 'Down', detail: () => 'down' }, {}))

test('a call reaches the driver and is counted', async (t) => {
  const { face, instruments } = bindEcho([], {})

  t.deepEqual(await face.say({ text: 'hello' }), { said: 'hello' })

  const [say] = instruments.called()
  t.like(say, { binding: 'echo', operation: 'say', succeeded: 1, inFlight: 0 })
  t.is(say?.buckets.reduce((sum, calls) => sum + calls, 0), 1)
})

test('what a driver has at hand, an answer or a failure, is a promise for its caller, counted and marked as any other', async (t) => {
  let degraded = 0
  const { face, instruments } = bindEcho([], {
    say: ({ text }, call) => {
      if (text === 'no') throw new PorticoError('ECHO_DOWN', { status: 503, retryable: true, title: 'Down', detail: () => 'down' }, {})
      call.degrade()
      return { said: text }
    },
  })

  const answer = face.say({ text: 'yes' }, { onDegraded: () => { degraded++ } })
  const failure = face.say({ text: 'no' })

  t.true(answer instanceof Promise && failure instanceof Promise)
  t.deepEqual(await answer, { said: 'yes' })
  await t.throwsAsync(failure, { code: 'ECHO_DOWN' })
  t.is(degraded, 1)
  const [say] = instruments.called()
  t.like(say, { succeeded: 1, degraded: 1, inFlight: 0 })
  t.is(say?.failed.get('ECHO_DOWN'), 1)
  t.is(say?.buckets.reduce((sum, calls) => sum + calls, 0), 2)
})

test('a promise that is not Node\'s own is waited for, and its call ends by its deadline', async (t) => {
  const later = (then: PromiseLike<{ said: string }>['then']) => ({ then }) as unknown as Promise<{ said: string }>
  const { face } = bindEcho([], { say: ({ text }) => (text === 'never' ? later(() => new Promise(() => undefined)) : later((resolve) => Promise.resolve(resolve?.({ said: text }) as never))) })

  t.deepEqual(await face.say({ text: 'x' }), { said: 'x' })
  await t.throwsAsync(face.say({ text: 'never' }, { timeoutMs: 20 }), { code: 'CALL_DEADLINE_EXCEEDED' })
})

test('an invalid input never reaches the driver, and every wrong field is named', async (t) => {
  const { face } = bindEcho([], { say: () => { throw new Error('reached') } })

  const error = await t.throwsAsync(face.say({ text: '', lout: true } as never), { code: 'INPUT_INVALID', instanceOf: PorticoError })

  t.deepEqual(error.errors, [
    { path: '/lout', message: 'unknown field' },
    { path: '/text', message: 'must not be empty' },
  ])
})

test('an undeclared capability refuses its operation and its argument, and works where it is declared', async (t) => {
  const without = bindEcho([], {})
  await t.throwsAsync(without.face.shout({}), { code: 'ECHO_UNSUPPORTED' })
  await t.throwsAsync(without.face.say({ text: 'hi', loud: false }), { code: 'ECHO_UNSUPPORTED' })
  await t.notThrowsAsync(without.face.say({ text: 'hi' }))

  const having = bindEcho(['loud', 'shouting'], {})
  await t.notThrowsAsync(having.face.shout({}))
  await t.notThrowsAsync(having.face.say({ text: 'hi', loud: false }))
})

test('a driver that hangs is left at the deadline; its signal tells it so', async (t) => {
  let aborted = false
  const { face, instruments } = bindEcho([], {
    say: (_, call) => new Promise(() => { call.signal.addEventListener('abort', () => { aborted = true }) }),
    store: () => new Promise(() => undefined),
  })

  await t.throwsAsync(face.say({ text: 'x' }, { timeoutMs: 20 }), { code: 'CALL_DEADLINE_EXCEEDED' })
  t.true(aborted)
  await t.throwsAsync(face.store({ text: 'x' }, { timeoutMs: 20 }), { code: 'CALL_OUTCOME_UNKNOWN' }, 'a write may have happened')
  t.deepEqual(instruments.called().map(({ inFlight }) => inFlight), [0, 0])
})

test('the shared timer ends long calls, too, also those that wait on purpose', async (t) => {
  const { face } = bindEcho([], { wait: () => new Promise(() => undefined) })
  const startedMs = performance.now()

  await t.throwsAsync(face.wait({ waitMs: 1_000 }, { timeoutMs: 50 }), { code: 'CALL_DEADLINE_EXCEEDED' })

  t.true(performance.now() - startedMs >= 1_050)
})

test("the caller's signal reaches the driver", async (t) => {
  const giveUp = new AbortController()
  const { face } = bindEcho([], {
    say: (_, { signal }) => new Promise((_, reject) => { signal.addEventListener('abort', () => { reject(new PorticoError('ECHO_ABORTED', { status: 499, retryable: true, title: '', detail: () => '' }, {})) }) }),
  })

  const call = face.say({ text: 'x' }, { signal: giveUp.signal })
  giveUp.abort()

  await t.throwsAsync(call, { code: 'ECHO_ABORTED' })
})

test('an unexpected error is logged with its cause and answered as a bug', async (t) => {
  const { face, log } = bindEcho([], { say: () => Promise.reject(new TypeError('secret of the SDK')) })

  const error = await t.throwsAsync(face.say({ text: 'x' }), { code: 'KERNEL_BUG' })

  t.false(error.message.includes('secret'))
  t.is(log.lines[0]?.message, 'unexpected error')
})

test('a driver that throws at once is a failure like any other', async (t) => {
  const { face, instruments } = bindEcho([], { say: () => { throw new TypeError('sync') } })

  await t.throwsAsync(face.say({ text: 'x' }), { code: 'KERNEL_BUG' })

  t.is(instruments.called()[0]?.inFlight, 0)
})

test('a fallback answers what the port allows, marked as degraded', async (t) => {
  let told = 0
  const { face, instruments } = bindEcho([], { say: down }, { say: ({ text }) => Promise.resolve({ said: `${text}, later` }) })

  t.deepEqual<unknown, unknown>(await face.say({ text: 'x' }, { onDegraded: () => told++ }), { said: 'x, later', degraded: true })
  t.is(told, 1)
  t.is(instruments.called()[0]?.degraded, 1)
})

test('a failure that the port does not hand on ends the call', async (t) => {
  const { face } = bindEcho([], { say: () => Promise.reject(new TypeError('no')) }, {})

  await t.throwsAsync(face.say({ text: 'x' }), { code: 'KERNEL_BUG' })
})

test('a swap leaves calls in flight on the driver they began with, and tells when it is idle', async (t) => {
  const gate = Promise.withResolvers<{ said: string }>()
  const { binding, face } = bindEcho([], { say: () => gate.promise })
  const before = face.say({ text: 'x' })

  const old = binding.point.swap(generationOf({ say: () => Promise.resolve({ said: 'new' }) }))
  t.deepEqual(await face.say({ text: 'x' }), { said: 'new' })
  let idle = false
  const drained = old?.idle().then(() => { idle = true })
  t.false(idle)

  gate.resolve({ said: 'old' })
  t.deepEqual(await before, { said: 'old' })
  await drained
  t.true(idle)
})

test('a closed binding refuses calls', async (t) => {
  const { binding, face } = bindEcho([], {})
  binding.close()

  await t.throwsAsync(face.say({ text: 'x' }), { code: 'BINDING_UNAVAILABLE' })
  t.is(binding.state, 'closed')
  t.is((await binding.health()).status, 'failed')
})

test('a port needs a manifest name', (t) => {
  t.throws(() => definePort({ ...echo, name: 'Bad Name' }), { instanceOf: TypeError })
})
