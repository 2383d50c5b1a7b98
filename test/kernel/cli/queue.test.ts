import { join } from 'node:path'
import anyTest, { type TestFn } from 'ava'
import { watch } from '../../../kernel/cli/commands/queue-status.ts'
import { main } from '../../../kernel/cli/main.ts'
import { Looks, renderLook } from '../../../kernel/cli/queue/look.ts'
import { plain } from '../../../kernel/cli/terminal.ts'
import { type QueueServer, startQueueServer } from './queue-server.ts'
import { recorder } from './recorder.ts'

const test = anyTest as TestFn<{ server: QueueServer }>

test.beforeEach(async (t) => {
  t.context.server = await startQueueServer()
})

test.afterEach.always(async (t) => {
  await t.context.server.stop()
})

test('portico queue shows every queue of every binding', async (t) => {
  const { server } = t.context
  await server.post('queue/emails/jobs', { jobs: [{ payload: 1 }, { payload: 2 }, { payload: 3, delayMs: 60_000 }] })
  await server.leaseOne()
  await server.post('queue.bulk/rows/_pause')

  const { status, out, err } = await server.portico([])

  t.is(status, 0, err)
  t.regex(out, /^BINDING +QUEUE +READY +SCHEDULED +ACTIVE +DONE +DEAD +OLDEST +RATE +STATE\n/)
  t.regex(out, /\nqueue +emails +1 +1 +1 +0 +0 +\d+\w+ +- +open\n/)
  t.regex(out, /\nqueue +parking +0 +0 +0 +0 +0 +- +- +open\n/)
  t.regex(out, /\nqueue\.bulk +rows +0 .* +paused\n/)
  const { bindings } = JSON.parse((await server.portico(['status', '--json'])).out) as { bindings: readonly object[] }
  t.like(bindings[0], { binding: 'queue', queues: [{ queue: 'emails', ready: 1, scheduled: 1, active: 1, paused: false, ratePerSecond: null }, { queue: 'parking' }] })
})

test('what cannot be seen is shown as such, beside what can', (t) => {
  const told = renderLook([{ binding: 'queue', queues: null }, { binding: 'queue.down', queues: null, code: 'QUEUE_UNAVAILABLE' }, { binding: 'queue.rows', queues: [] }], plain)

  t.regex(told, /\nqueue( +-){9}\n/)
  t.regex(told, /\nqueue\.down( +-){8} +QUEUE_UNAVAILABLE\n/)
})

test('on a terminal the table is drawn over itself with the rate, until it is stopped', async (t) => {
  const { server } = t.context
  const stop = Promise.withResolvers<'stop'>()
  const began = Promise.withResolvers<undefined>()
  const drawn: string[] = []
  const screen = {
    rows: 4,
    write(text: string) {
      drawn.push(text)
      began.resolve(undefined)
      if (drawn.length === 2) stop.resolve('stop')
    },
  }
  await server.post('queue/emails/jobs', { payload: 1 })
  const token = await server.leaseOne()

  const watching = watch(new Looks(server.url), screen, plain, stop.promise)
  await began.promise
  await server.post(`queue/emails/leases/${token}/ack`)
  await watching

  const [first = '', second = ''] = drawn
  t.true(first.startsWith('\u001b[2J\u001b[H'))
  t.true(first.includes('… 3 more; --once shows all'))
  t.true(second.startsWith('\u001b[H'))
  t.is(second.split('\n').length, 4)
})

test('the rate is how done jobs grew between two looks', async (t) => {
  const { server } = t.context
  const looks = new Looks(server.url)
  await server.post('queue/emails/jobs', { payload: 1 })
  const token = await server.leaseOne()
  await looks.look()

  await server.post(`queue/emails/leases/${token}/ack`)
  const [{ queues } = { queues: null }] = await looks.look()

  t.true((queues?.[0]?.ratePerSecond ?? 0) > 0)
  t.is(queues?.[1]?.ratePerSecond, 0)
})

test('pause and resume, of the binding that is meant', async (t) => {
  const { server } = t.context

  t.like(await server.portico(['pause', 'emails']), { status: 0, err: '' })
  t.regex((await server.portico([])).out, /emails .* paused\n/)
  t.like(await server.portico(['resume', 'emails']), { status: 0, err: '' })
  t.notRegex((await server.portico([])).out, /paused/)

  t.is((await server.portico(['pause', 'emails', '--reason', 'the mailbox is full'])).status, 0)
  t.like(await server.post('queue/emails/_pause'), { paused: true, pauseReason: 'the mailbox is full' })
  t.regex((await server.portico([])).out, /emails .* paused: the mailbox is full\n/)

  const bulk = await server.portico(['pause', 'rows', '--binding', 'queue.bulk', '--json'])
  t.like(JSON.parse(bulk.out), { binding: 'queue.bulk', counts: { queue: 'rows', paused: true } })
})

test('drain waits until nothing is active, and leaves the queue paused', async (t) => {
  const { server } = t.context
  await server.post('queue/emails/jobs', { jobs: [{ payload: 1 }, { payload: 2 }] })
  const token = await server.leaseOne()

  const late = await server.portico(['drain', 'emails', '--timeout', '100ms'])
  t.is(late.status, 1)
  t.regex(late.err, /1 jobs of emails are active still after 100ms; it stays paused: .*portico queue resume emails/)

  const draining = server.portico(['drain', 'emails', '--json'])
  await server.post(`queue/emails/leases/${token}/ack`)
  const { status, out } = await draining
  t.is(status, 0)
  t.like(JSON.parse(out), { counts: { queue: 'emails', paused: true, active: 0, ready: 1, done: 1 } })
  t.is(await server.leaseOne(), '')
})

test('what is not there is told with what is; nothing has changed', async (t) => {
  const { server } = t.context
  const refused = async (...argv: string[]) => {
    const { status, out, err } = await server.portico(argv)
    t.is(status, 1, argv.join(' '))
    t.is(out, '')
    return err
  }
  t.regex(await refused('pause', 'email'), /queue declares no queue email; add .* \(QUEUE_NOT_FOUND\)/)
  t.regex(await refused('pause', 'emails', '--binding', 'queue.blk'), /no queue binding "queue\.blk"; did you mean "queue\.bulk"\?/)

  const open = recorder()
  t.is(await main(['queue', '-f', join(server.directory, 'infra.config.yaml'), '--set', 'server.port=0'], open), 1)
  t.regex(open.written.err, /any free port .*--url/)
  const port = new URL(server.url).port
  t.is(await main(['queue', '-f', join(server.directory, 'infra.config.yaml'), '--set', `server.port=${port}`], recorder()), 0)
  t.is(await main(['queue', '--url', 'http://127.0.0.1:1'], recorder()), 1)
})

test('a command line at fault is 2', async (t) => {
  for (const argv of [['puase', 'emails'], ['pause'], ['drain', 'emails', '--timeout', 'soon']]) {
    const terminal = recorder()
    t.is(await main(['queue', ...argv], terminal), 2, argv.join(' '))
    t.not(terminal.written.err, '')
  }
})
