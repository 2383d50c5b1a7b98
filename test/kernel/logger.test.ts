import test from 'ava'
import { httpError } from '../../kernel/server/errors.ts'
import { makeLogger } from '../../kernel/logger.ts'

function sink() {
  const writes: string[] = []
  return { writes, writableLength: 0, write(text: string) { writes.push(text) } }
}

const linesOf = (writes: readonly string[]) => writes.join('').trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)

test('lines leave together, soon, with their fields', async (t) => {
  const out = sink()
  const log = makeLogger({ name: 'shop', level: 'info', stream: out })

  log.info({ a: 1 }, 'first')
  log.debug({}, 'not at this level')
  log.child({ binding: 'storage' }).warn({ b: 2 }, 'second')
  t.is(out.writes.length, 0)
  while (out.writes.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))

  t.is(out.writes.length, 1)
  const [first, second] = linesOf(out.writes)
  t.like(first, { name: 'shop', level: 30, msg: 'first', a: 1 })
  t.like(second, { level: 40, msg: 'second', binding: 'storage', b: 2 })
})

test('an error is written with its causes, and with nothing else that it carries', (t) => {
  const out = sink()
  const log = makeLogger({ name: 'shop', level: 'error', stream: out })
  const cause = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET', config: { password: 'secret' } })

  log.error({ err: httpError('KERNEL_NOT_READY', { reason: 'why' }, { cause }) }, 'failed')
  log.close()

  const [line] = linesOf(out.writes)
  t.like(line?.['err'], { code: 'KERNEL_NOT_READY', message: 'why', cause: { code: 'ECONNRESET', message: 'socket hang up' } })
  t.false(out.writes.join('').includes('secret'))
})

test('a reader that has stalled costs lines and not memory, and is told how many', (t) => {
  const out = sink()
  const log = makeLogger({ name: 'shop', level: 'info', stream: out })

  out.writableLength = 9 * 1024 ** 2
  log.info({}, 'lost')
  log.info({}, 'lost')
  out.writableLength = 0
  log.info({}, 'read again')
  log.close()

  const [kept, told] = linesOf(out.writes)
  t.is(kept?.['msg'], 'read again')
  t.is(told?.['dropped'], 2)
})
