import test from 'ava'
import { forgetAbort, whenAborted, type Abortable } from '../../../kernel/call.ts'
import { AttemptCall } from '../../../kernel/binding/attempt-call.ts'
import { OperationCall } from '../../../kernel/binding/call.ts'

const options = { timeoutMs: 60_000 }

/** Each way in which a call can end before its answer, as whoever makes it sees it. */
const endings: readonly [string, () => { readonly call: Abortable; readonly end: () => void }][] = [
  ['the deadline of a call', () => {
    const call = new OperationCall(options, 0)
    return { call, end: () => { call.expire() } }
  }],
  ['the signal of the caller', () => {
    const caller = new AbortController()
    return { call: new OperationCall({ ...options, signal: caller.signal }, 0), end: () => { caller.abort() } }
  }],
  ['the deadline of an attempt', () => {
    const attempt = new AttemptCall(new OperationCall(options, 0), 60_000, () => undefined)
    return { call: attempt, end: () => { attempt.expire() } }
  }],
  ['the deadline of the call that an attempt is of', () => {
    const call = new OperationCall(options, 0)
    return { call: new AttemptCall(call, 60_000, () => undefined), end: () => { call.expire() } }
  }],
  ['a signal alone', () => {
    const controller = new AbortController()
    return { call: { signal: controller.signal }, end: () => { controller.abort() } }
  }],
]

for (const [name, start] of endings) {
  test(`${name} is told once to each who wants to know, whoever has the signal`, (t) => {
    const { call, end } = start()
    const told: string[] = []
    whenAborted(call, () => told.push('first'))
    whenAborted(call, () => told.push('second'))
    call.signal.addEventListener('abort', () => told.push('by the signal'))
    whenAborted(call, () => told.push('third'))

    end()
    end()

    t.deepEqual(told.toSorted(), ['by the signal', 'first', 'second', 'third'])
    t.true(call.signal.aborted)
  })

  test(`${name} is told at once to who asks when it is over`, (t) => {
    const { call, end } = start()
    end()
    let told = 0

    whenAborted(call, () => told++)

    t.is(told, 1)
  })

  test(`${name} is not told to who has forgotten it`, (t) => {
    const { call, end } = start()
    const told: string[] = []
    const [first, second] = [() => told.push('first'), () => told.push('second')]
    whenAborted(call, first)
    whenAborted(call, second)

    forgetAbort(call, first)
    forgetAbort(call, second)
    end()

    t.deepEqual(told, [])
  })
}

test('an attempt that has ended hears nothing more of its call, and the next one does', (t) => {
  const call = new OperationCall(options, 0)
  const told: string[] = []
  const attempt = (name: string) => {
    const made = new AttemptCall(call, 60_000, () => undefined)
    whenAborted(made, () => told.push(name))
    return made
  }

  attempt('first').end()
  attempt('second')
  call.expire()

  t.deepEqual(told, ['second'])
})
