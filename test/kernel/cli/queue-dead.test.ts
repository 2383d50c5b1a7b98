import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import anyTest, { type TestFn } from 'ava'
import type { Job, QueueCounts } from '../../../kernel/ports/queue/index.ts'
import { type QueueServer, startQueueServer } from './queue-server.ts'

const test = anyTest as TestFn<{ server: QueueServer }>

test.beforeEach(async (t) => {
  t.context.server = await startQueueServer()
})

test.afterEach.always(async (t) => {
  await t.context.server.stop()
})

interface Dying {
  readonly payload: unknown
  readonly code?: string
}

/** Dead jobs of `emails`; answers their ids in this order. */
async function die({ post }: QueueServer, jobs: readonly Dying[]): Promise<readonly string[]> {
  const { items } = await post('queue/emails/jobs', { jobs: jobs.map(({ payload }) => ({ payload })) }) as { items: readonly Job[] }
  const codes = new Map(items.map(({ id }, index) => [id, jobs[index]?.code ?? 'SMTP_550']))
  for (;;) {
    const { items: leases } = await post('queue/emails/leases', { max: 100 }) as { items: readonly { token: string; job: Job }[] }
    if (leases.length === 0) return items.map(({ id }) => id)
    await Promise.all(leases.map(({ token, job }) =>
      post(`queue/emails/leases/${token}/fail`, { dead: true, error: { message: `no mailbox for ${JSON.stringify(job.payload)}`, code: codes.get(job.id) } })))
  }
}

async function counts({ url }: QueueServer, queue = 'emails'): Promise<QueueCounts> {
  const answer: unknown = await (await fetch(`${url}/v1/queue/${queue}`)).json()
  return answer as QueueCounts
}

async function json(server: QueueServer, ...argv: string[]): Promise<unknown> {
  const { status, out, err } = await server.portico(['dead', ...argv, '--json'])
  if (status !== 0) throw new Error(err || out)
  return JSON.parse(out)
}

test('dead list finds by code, text and time, the latest first', async (t) => {
  const { server } = t.context
  const [a = '', b = ''] = await die(server, [{ payload: 'a', code: 'ODD' }, { payload: 'b' }])
  const found = async (...argv: string[]) => (await json(server, 'list', 'emails', ...argv) as { items: readonly Job[] }).items.map(({ id }) => id).sort()

  t.deepEqual(await found(), [a, b].sort())
  t.deepEqual(await found('--code', 'ODD'), [a])
  t.deepEqual(await found('--text', 'for "b"'), [b])
  t.deepEqual(await found('--since', '1h'), [a, b].sort())
  t.deepEqual(await found('--before', '1h'), [])
  t.deepEqual(await found('--since', '2000-01-01', '--before', '2001-01-01T00:00:00+02:00'), [])
  t.like(await json(server, 'list', 'emails', '--limit', '1'), { binding: 'queue', queue: 'emails', more: true, items: { length: 1 } })

  const { out } = await server.portico(['dead', 'list', 'emails'])
  t.regex(out, /^DIED +ID +ATTEMPTS +CRASHES +CODE +MESSAGE\n/)
  t.true(out.includes(`${a}  1/8       0        ODD       no mailbox for "a"\n`))
  t.is((await server.portico(['dead', 'list', 'parking'])).out, 'no dead jobs in parking\n')
})

test('dead show tells a job with its payload and all its errors', async (t) => {
  const { server } = t.context
  const [id = ''] = await die(server, [{ payload: { to: 'ada' } }])

  const { status, out } = await server.portico(['dead', 'show', 'emails', id])

  t.is(status, 0)
  t.regex(out, /\nstate +dead\n/)
  t.regex(out, /\npayload +\{"to":"ada"\}\n/)
  t.regex(out, /\nATTEMPT +AT +CODE +MESSAGE\n1 +\S+Z +SMTP_550 +no mailbox for \{"to":"ada"\}\n$/)
  t.regex((await server.portico(['dead', 'show', 'emails', 'x'])).err, /emails has no job x \(QUEUE_JOB_NOT_FOUND\)/)
})

test('dead redrive puts back what is named, in another queue and with another payload', async (t) => {
  const { server } = t.context
  const [a = '', b = '', c = ''] = await die(server, [{ payload: 'a' }, { payload: 'b' }, { payload: 'c' }])
  await writeFile(join(server.directory, 'payload.json'), '{"to":"grace"}')

  t.deepEqual(await json(server, 'redrive', 'emails', a, '--payload', '@payload.json'), { binding: 'queue', queue: 'emails', to: 'emails', moved: 1, notDead: 0 })
  t.like(await json(server, 'redrive', 'emails', b, '--to', 'parking'), { to: 'parking', moved: 1 })

  const again = await server.portico(['dead', 'redrive', 'emails', a, c])
  t.is(again.status, 1)
  t.regex(again.err, /1 dead job of emails put back; 1 of the ids is no dead job of emails\n/)
  t.like(await json(server, 'show', 'emails', a), { job: { state: 'ready', payload: { to: 'grace' }, attempt: 0, errors: [{ code: 'SMTP_550' }] } })
  t.like(await counts(server, 'parking'), { ready: 1 })
})

test('dead redrive --all takes every page of what fits, each job once, at one rate', async (t) => {
  const { server } = t.context
  const odd = Array.from({ length: 550 }, (_, n) => ({ payload: n, code: 'ODD' }))
  await die(server, odd)
  await die(server, [...odd, { payload: 'left' }])

  const startedMs = Date.now()
  t.like(await json(server, 'redrive', 'emails', '--all', '--code', 'ODD', '--per-second', '10'), { moved: 1_100 })
  const tookMs = Date.now() - startedMs

  t.like(await counts(server), { dead: 1 })
  const { items } = await (await fetch(`${server.url}/v1/queue/emails/jobs?state=scheduled&limit=1000`)).json() as { items: readonly Job[] }
  const lastMs = Math.max(...items.map(({ runAt }) => Date.parse(runAt))) - startedMs
  t.true(lastMs > 90_000 && lastMs < 112_000 + tookMs, `the last in ${lastMs} ms`)
  t.like(await json(server, 'redrive', 'emails', '--all', '--limit', '5'), { moved: 1 })
})

test('what dies again while all are put back is not put back twice', async (t) => {
  const { server } = t.context
  await die(server, Array.from({ length: 600 }, (_, n) => ({ payload: n })))
  const dying = new AbortController()
  const worker = (async () => {
    while (!dying.signal.aborted) await die(server, [{ payload: 'again' }])
  })()

  const { moved } = await json(server, 'redrive', 'emails', '--all') as { moved: number }
  dying.abort()
  await worker

  t.true(moved >= 600 && moved < 700, `${moved}`)
})

test('dead discard asks on a terminal, and needs --yes for all without one', async (t) => {
  const { server } = t.context
  const [a = '', b = ''] = await die(server, [{ payload: 'a' }, { payload: 'b' }, { payload: 'c', code: 'ODD' }, { payload: 'd' }])
  const asked = (answer: string, ...argv: string[]) => server.portico(['dead', 'discard', 'emails', ...argv], { progress: { write: () => true }, input: Readable.from([answer]) })

  for (const answer of ['', 'n\n', 'yesterday\n']) {
    const { status, err } = await asked(answer, a)
    t.is(status, 1)
    t.regex(err, /^Remove 1 dead job of emails for good\? \[y\/N\] nothing was removed\n$/)
  }
  t.regex((await server.portico(['dead', 'discard', 'emails', '--all'])).err, /needs --yes/)
  t.like(await counts(server), { dead: 4 })

  t.regex((await asked('y\n', a)).out, /^1 dead job of emails removed\n$/)
  t.like(await json(server, 'discard', 'emails', '--all', '--code', 'ODD', '--yes'), { removed: 1, notDead: 0 })
  t.is((await server.portico(['dead', 'discard', 'emails', a, b])).status, 1)
  t.like(await json(server, 'discard', 'emails', '--all', '--yes'), { removed: 1 })
  t.like(await counts(server), { dead: 0, ready: 0 })
})

test('a job that is no dead one is not discarded', async (t) => {
  const { server } = t.context
  const { id } = await server.post('queue/emails/jobs', { payload: 1 }) as Job

  t.is((await server.portico(['dead', 'discard', 'emails', id])).status, 1)

  t.like(await counts(server), { ready: 1 })
})

const unclear: readonly (readonly string[])[] = [
  ['redrive', 'emails'], ['redrive', 'emails', 'x', '--all'], ['redrive', 'emails', 'x', '--code', 'y'], ['redrive', 'emails', '--all', '--payload', '1'],
  ['redrive', 'emails', '--all', '--per-second', '0'], ['discard', 'emails'], ['list', 'emails', '--since', 'yesterday'], ['list', 'emails', '--limit', '0'], ['lst', 'emails'],
]

test('a command line at fault is 2, and what it names that is no JSON 1', async (t) => {
  const { server } = t.context
  for (const argv of unclear) {
    const { status, err } = await server.portico(['dead', ...argv])
    t.is(status, 2, argv.join(' '))
    t.not(err, '')
  }
  t.regex((await server.portico(['dead', 'redrive', 'emails', 'x', '--payload', '{'])).err, /--payload is no JSON/)
  t.regex((await server.portico(['dead', 'redrive', 'emails', 'x', '--payload', '@none.json'])).err, /none\.json cannot be read/)
})
