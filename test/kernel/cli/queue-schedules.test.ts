import anyTest, { type TestFn } from 'ava'
import type { Schedule } from '../../../kernel/ports/queue/index.ts'
import { main } from '../../../kernel/cli/main.ts'
import { whenOf } from '../../../kernel/cli/queue/schedules.ts'
import { type QueueServer, startQueueServer } from './queue-server.ts'
import { recorder } from './recorder.ts'

const test = anyTest as TestFn<{ server: QueueServer }>

test.beforeEach(async (t) => {
  t.context.server = await startQueueServer(`version: 1
name: shop
ports:
  queue:
    use: memory
    queues:
      emails: { schedules: { nightly: { cron: "0 3 * * *", timezone: Europe/Berlin }, sweep: { every: 90m } } }
      parking: {}
  queue.bulk: { use: memory, queues: { rows: { schedules: { weekly: { cron: "0 0 * * 1" } } } } }
`)
})

test.afterEach.always(async (t) => {
  await t.context.server.stop()
})

test('portico queue schedules shows every schedule of every binding, with its next ticks', async (t) => {
  const { server } = t.context

  const { status, out, err } = await server.portico(['schedules'])

  t.is(status, 0, err)
  t.regex(out, /^BINDING +QUEUE +SCHEDULE +WHEN +ZONE +FROM +STATE +LAST +NEXT\n/)
  t.regex(out, /\nqueue +emails +nightly +0 3 \* \* \* +Europe\/Berlin +manifest +open +- +\d{4}-\d\d-\d\dT0[12]:00:00Z, \d{4}-\d\d-\d\dT0[12]:00:00Z\n/)
  t.regex(out, /\nqueue +emails +sweep +every 90m +- +manifest +open +- /)
  t.regex(out, /\nqueue\.bulk +rows +weekly +0 0 \* \* 1 +UTC +manifest +open +- /)
  const { items } = JSON.parse((await server.portico(['schedules', 'list', 'emails', '--json'])).out) as { items: readonly (Schedule & { binding: string })[] }
  t.deepEqual(items.map(({ binding, name, next }) => [binding, name, next.length]), [['queue', 'nightly', 5], ['queue', 'sweep', 5]])
})

test('those of one queue or of one binding are shown alone, and where there are none it is said', async (t) => {
  const { server } = t.context
  const listed = async (...argv: string[]) => (await server.portico(['schedules', 'list', ...argv])).out

  t.notRegex(await listed('emails'), /weekly/)
  t.regex(await listed('--binding', 'queue.bulk'), /weekly/)
  t.notRegex(await listed('--binding', 'queue.bulk'), /nightly/)
  t.is(await listed('parking'), 'no schedules in parking\n')
})

test('a schedule is paused, resumed and run', async (t) => {
  const { server } = t.context

  t.like(await server.portico(['schedules', 'pause', 'emails', 'nightly']), { status: 0, err: '' })
  t.regex((await server.portico(['schedules', 'list', 'emails'])).out, /nightly .* paused +- +-\n/)
  t.regex((await server.portico(['schedules', 'resume', 'emails', 'nightly'])).out, /^nightly of emails fires again, next at \d{4}-/)
  t.notRegex((await server.portico(['schedules', 'list', 'emails'])).out, /paused/)

  const { binding, job } = JSON.parse((await server.portico(['schedules', 'run', 'rows', 'weekly', '--binding', 'queue.bulk', '--json'])).out) as { binding: string; job: object }
  t.is(binding, 'queue.bulk')
  t.like(job, { queue: 'rows', schedule: { name: 'weekly' } })
})

test('a schedule that is not there is 1, a command line at fault 2', async (t) => {
  const { server } = t.context

  const { status, out, err } = await server.portico(['schedules', 'pause', 'emails', 'hourly'])
  t.deepEqual([status, out], [1, ''])
  t.regex(err, /QUEUE_SCHEDULE_NOT_FOUND/)

  for (const argv of [['puase', 'emails', 'nightly'], ['pause', 'emails'], ['run'], ['list', 'emails', 'nightly']]) {
    const terminal = recorder()
    t.is(await main(['queue', 'schedules', ...argv], terminal), 2, argv.join(' '))
  }
})

test('an interval is written as in a manifest', (t) => {
  const every = (everyMs: number) => whenOf({ queue: 'q', name: 'n', origin: 'http', everyMs, payload: null, misfire: 'once', paused: false, next: [] })

  t.deepEqual([1_000, 1_500, 900_000, 5_400_000, 86_400_000].map(every), ['every 1s', 'every 1500ms', 'every 15m', 'every 90m', 'every 1d'])
})
