import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import anyTest, { type TestFn } from 'ava'
import { watch } from '../../../kernel/cli/commands/queue-status.ts'
import { main } from '../../../kernel/cli/main.ts'
import { Looks, renderLook } from '../../../kernel/cli/queue/look.ts'
import { plain } from '../../../kernel/cli/terminal.ts'
import { type ServerProcess, startServer } from '../../tools/server-process.ts'
import { recorder } from './recorder.ts'

const test = anyTest as TestFn<{ directory: string; server: ServerProcess }>

const cli = join(import.meta.dirname, '../../../kernel/cli/portico.ts')
const manifest = `version: 1
name: shop
ports:
  queue: { use: memory, queues: { emails: {}, parking: {} } }
  queue.bulk: { use: memory, queues: { rows: {} } }
`

test.beforeEach(async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'portico-queue-'))
  await writeFile(join(directory, 'infra.config.yaml'), manifest)
  t.context = { directory, server: await startServer({ cli, directory }) }
})

test.afterEach.always(async (t) => {
  await t.context.server.stop()
  await rm(t.context.directory, { recursive: true, force: true })
})

async function post(server: ServerProcess, path: string, body: object = {}): Promise<unknown> {
  const response = await fetch(`${server.url}/v1/${path}`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
  if (!response.ok) throw new Error(await response.text())
  return response.json()
}

async function leaseOne(server: ServerProcess): Promise<string> {
  const { items: [lease] } = await post(server, 'queue/emails/leases') as { items: readonly { token: string }[] }
  return lease?.token ?? ''
}

/** Answers the exit status and what was written. */
async function portico(server: ServerProcess, ...argv: string[]) {
  const terminal = recorder()
  const status = await main(['queue', ...argv, '--url', server.url], terminal)
  return { status, ...terminal.written }
}

test('portico queue shows every queue of every binding', async (t) => {
  const { server } = t.context
  await post(server, 'queue/emails/jobs', { jobs: [{ payload: 1 }, { payload: 2 }, { payload: 3, delayMs: 60_000 }] })
  await leaseOne(server)
  await post(server, 'queue.bulk/rows/_pause')

  const { status, out, err } = await portico(server)

  t.is(status, 0, err)
  t.regex(out, /^BINDING +QUEUE +READY +SCHEDULED +ACTIVE +DONE +DEAD +OLDEST +RATE +STATE\n/)
  t.regex(out, /\nqueue +emails +1 +1 +1 +0 +0 +\d+\w+ +- +open\n/)
  t.regex(out, /\nqueue +parking +0 +0 +0 +0 +0 +- +- +open\n/)
  t.regex(out, /\nqueue\.bulk +rows +0 .* +paused\n/)
  const { bindings } = JSON.parse((await portico(server, 'status', '--json')).out) as { bindings: readonly object[] }
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
  await post(server, 'queue/emails/jobs', { payload: 1 })
  const token = await leaseOne(server)

  const watching = watch(new Looks(server.url), screen, plain, stop.promise)
  await began.promise
  await post(server, `queue/emails/leases/${token}/ack`)
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
  await post(server, 'queue/emails/jobs', { payload: 1 })
  const token = await leaseOne(server)
  await looks.look()

  await post(server, `queue/emails/leases/${token}/ack`)
  const [{ queues } = { queues: null }] = await looks.look()

  t.true((queues?.[0]?.ratePerSecond ?? 0) > 0)
  t.is(queues?.[1]?.ratePerSecond, 0)
})

test('pause and resume, of the binding that is meant', async (t) => {
  const { server } = t.context

  t.like(await portico(server, 'pause', 'emails'), { status: 0, err: '' })
  t.regex((await portico(server)).out, /emails .* paused\n/)
  t.like(await portico(server, 'resume', 'emails'), { status: 0, err: '' })
  t.notRegex((await portico(server)).out, /paused/)

  const bulk = await portico(server, 'pause', 'rows', '--binding', 'queue.bulk', '--json')
  t.like(JSON.parse(bulk.out), { binding: 'queue.bulk', counts: { queue: 'rows', paused: true } })
})

test('drain waits until nothing is active, and leaves the queue paused', async (t) => {
  const { server } = t.context
  await post(server, 'queue/emails/jobs', { jobs: [{ payload: 1 }, { payload: 2 }] })
  const token = await leaseOne(server)

  const late = await portico(server, 'drain', 'emails', '--timeout', '100ms')
  t.is(late.status, 1)
  t.regex(late.err, /1 jobs of emails are active still after 100ms; it stays paused: .*portico queue resume emails/)

  const draining = portico(server, 'drain', 'emails', '--json')
  await post(server, `queue/emails/leases/${token}/ack`)
  const { status, out } = await draining
  t.is(status, 0)
  t.like(JSON.parse(out), { counts: { queue: 'emails', paused: true, active: 0, ready: 1, done: 1 } })
  t.is(await leaseOne(server), '')
})

test('what is not there is told with what is; nothing has changed', async (t) => {
  const { server, directory } = t.context
  const refused = async (...argv: string[]) => {
    const { status, out, err } = await portico(server, ...argv)
    t.is(status, 1, argv.join(' '))
    t.is(out, '')
    return err
  }
  t.regex(await refused('pause', 'email'), /queue declares no queue email; add .* \(QUEUE_NOT_FOUND\)/)
  t.regex(await refused('pause', 'emails', '--binding', 'queue.blk'), /no queue binding "queue\.blk"; did you mean "queue\.bulk"\?/)

  const open = recorder()
  t.is(await main(['queue', '-f', join(directory, 'infra.config.yaml'), '--set', 'server.port=0'], open), 1)
  t.regex(open.written.err, /any free port .*--url/)
  const port = new URL(server.url).port
  t.is(await main(['queue', '-f', join(directory, 'infra.config.yaml'), '--set', `server.port=${port}`], recorder()), 0)
  t.is(await main(['queue', '--url', 'http://127.0.0.1:1'], recorder()), 1)
})

test('a command line at fault is 2', async (t) => {
  for (const argv of [['puase', 'emails'], ['pause'], ['drain', 'emails', '--timeout', 'soon']]) {
    const terminal = recorder()
    t.is(await main(['queue', ...argv], terminal), 2, argv.join(' '))
    t.not(terminal.written.err, '')
  }
})
