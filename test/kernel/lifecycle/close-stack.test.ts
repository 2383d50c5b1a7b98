import test from 'ava'
import { systemClock } from '../../../kernel/clock.ts'
import { CloseStack, closeTimeoutMs, within } from '../../../kernel/lifecycle/close-stack.ts'
import { keepingLog } from '../binding/echo.ts'

test('closes last first, every closer also when one fails, and counts the failures', async (t) => {
  const closed: string[] = []
  const log = keepingLog()
  const stack = new CloseStack(log, systemClock)
  stack.add('first', () => { closed.push('first') })
  stack.add('second', () => Promise.reject(new Error('stuck')))
  stack.add('third', async () => { await Promise.resolve(); closed.push('third') })

  t.is(await stack.run(), 1)

  t.deepEqual(closed, ['third', 'first'])
  t.like(log.lines[0], { level: 'error', message: 'could not close second' })
})

test('runs once, however often it is asked', async (t) => {
  let times = 0
  const stack = new CloseStack(keepingLog(), systemClock)
  stack.add('once', () => { times++ })

  await Promise.all([stack.run(), stack.run()])

  t.is(times, 1)
})

test('a closer that hangs is left behind at its deadline', async (t) => {
  const closed: string[] = []
  // A clock that is always past the deadline: nothing here waits for real.
  const late = { now: () => 0, after: (delayMs: number, task: () => void) => { t.is(delayMs, closeTimeoutMs); setImmediate(task); return () => undefined } }
  const stack = new CloseStack(keepingLog(), late)
  stack.add('first', async () => { await Promise.resolve(); closed.push('first') })
  stack.add('hangs', () => new Promise<void>(() => undefined))

  t.is(await stack.run(), 1)

  t.deepEqual(closed, ['first'])
})

test('what is added when all is closed is closed at once', async (t) => {
  const stack = new CloseStack(keepingLog(), systemClock)
  await stack.run()

  const closed = Promise.withResolvers<string>()
  stack.add('late', () => { closed.resolve('late') })

  t.is(await closed.promise, 'late')
})

test('a task that is done in time answers', async (t) => {
  t.is(await within(1_000, systemClock, () => 7), 7)
  await t.throwsAsync(within(1, systemClock, () => new Promise(() => undefined)), { message: 'not done in 1 ms' })
})
