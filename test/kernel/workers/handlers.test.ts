import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { JobFailure, type HandlerParts, type Log } from '../../../kernel/plugin.ts'
import type { Job } from '../../../kernel/ports/queue/index.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { silentLog } from '../../contract/log.ts'
import { testKernel } from '../../contract/test-kernel.ts'
import { handlersBy } from '../fixtures/working.ts'
import { reported } from '../fixtures/reporting.ts'
import { gate, startWork, until } from './start.ts'

const at = { queue: 'emails' }

test('a job is done by its handler, whose answer is its result', async (t) => {
  const seen: Job[] = []
  const { queue } = await startWork(t, () => ({ emails: (job: Job) => { seen.push(job); return { sent: job.payload } } }))

  const { id } = await queue.enqueue({ ...at, payload: 'ada' })

  await until(async () => (await queue.get({ ...at, id })).state === 'done')
  t.deepEqual((await queue.get({ ...at, id })).result, { sent: 'ada' })
  t.like(seen[0], { id, attempt: 1, state: 'active', payload: 'ada' })
  t.is(seen.length, 1)
})

test('jobs that were there before the start are done, no more at once than is let', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'portico-before-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const before = await startWork(t, undefined, { directory })
  await before.queue.enqueueMany({ ...at, jobs: Array.from({ length: 20 }, (_, payload) => ({ payload })) })
  await before.kernel.close()
  let active = 0
  let most = 0
  const hold = gate()
  const run = async () => {
    most = Math.max(most, ++active)
    await hold.opened
    active--
  }

  const { queue, kernel } = await startWork(t, () => ({ emails: { run, concurrency: 3 } }), { directory })
  await until(() => active === 3)
  // As much as others would take meanwhile.
  for (let times = 0; times < 20; times++) await queue.counts(at)
  t.like(kernel.workers[0], { binding: 'queue', queue: 'emails', running: 3, state: 'working' })
  hold.open()

  await until(async () => (await queue.counts(at)).done === 20)
  t.is(most, 3)
})

test('what is thrown fails the attempt in its own words, whatever it is', async (t) => {
  const thrown = new Map<string, unknown>([
    ['error', new Error('no route')], ['coded', Object.assign(new Error('refused'), { code: 'SMTP_550' })], ['text', 'just words'], ['nothing', undefined],
    ['null', null], ['wordless', { toString() { throw new Error('hidden') } }], ['nul', new Error('a\0b\ud800')], ['long', new Error('x'.repeat(20_000))],
  ])
  const { queue } = await startWork(t, () => ({ emails: (job: Job) => { throw thrown.get(job.payload as string) } }), { queues: { emails: { attempts: 1 } } })

  await queue.enqueueMany({ ...at, jobs: [...thrown.keys()].map((payload) => ({ payload })) })

  await until(async () => (await queue.counts(at)).dead === thrown.size)
  const { items } = await queue.list({ ...at, state: 'dead' })
  const told = new Map(items.map(({ payload, errors }) => [payload, errors[0]]))
  t.like(told.get('error'), { message: 'no route', attempt: 1 })
  t.like(told.get('coded'), { message: 'refused', code: 'SMTP_550' })
  t.like(told.get('text'), { message: 'just words' })
  t.like(told.get('nothing'), { message: 'undefined' })
  t.like(told.get('null'), { message: 'null' })
  t.regex(told.get('wordless')?.message ?? '', /says nothing of itself/)
  t.is(told.get('nul')?.message, 'a\uFFFDb\uFFFD')
  t.is(told.get('long')?.message.length, 1_000)
})

test('a handler says when its job runs again, or that it never does', async (t) => {
  const { queue, clock } = await startWork(t, () => ({
    emails: (job: Job) => { throw new JobFailure('no such mailbox', job.payload === 'never' ? { dead: true, code: 'SMTP_550' } : { retryInMs: 90_000 }) },
  }))
  const never = await queue.enqueue({ ...at, payload: 'never' })
  const later = await queue.enqueue({ ...at, payload: 'later' })

  await until(async () => { const counts = await queue.counts(at); return counts.dead + counts.scheduled === 2 })

  t.like((await queue.get({ ...at, id: never.id })).errors[0], { message: 'no such mailbox', code: 'SMTP_550' })
  t.is(Date.parse((await queue.get({ ...at, id: later.id })).runAt), clock.now() + 90_000)
  t.throws(() => new JobFailure('both', { dead: true, retryInMs: 1 }), { instanceOf: TypeError })
})

test('secrets are hidden in what the queue keeps of a failure, those of its keys too', async (t) => {
  const signing = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
  const { queue } = await startWork(t, () => ({ emails: () => { throw new Error(`401 for sesame-street and ${signing}`) } }), {
    queues: { emails: { attempts: 1 }, others: { deliver: { url: 'http://127.0.0.1:9/${secret:api-key}', signing } } }, env: { PORTICO_SECRET_API_KEY: 'sesame-street' },
  })

  const { id } = await queue.enqueue({ ...at, payload: 1 })
  await until(async () => (await queue.get({ ...at, id })).state === 'dead')

  t.is((await queue.get({ ...at, id })).errors[0]?.message, '401 for *** and ***')
})

test('a result that cannot be kept does not send the job again', async (t) => {
  const lines: string[] = []
  const log: Log = { ...silentLog, error: (_, message) => { lines.push(message) }, child: () => log }
  let runs = 0
  const { queue } = await startWork(t, () => ({ emails: () => { runs++; return { at: 1n } } }), { log })

  const { id } = await queue.enqueue({ ...at, payload: 1 })

  await until(async () => (await queue.get({ ...at, id })).state === 'done')
  t.is((await queue.get({ ...at, id })).result, undefined)
  t.is(runs, 1)
  t.deepEqual(lines, ['the result of the job cannot be kept; the job is done without one'])
})

test('a lease is renewed while its handler works, and the job shows its progress', async (t) => {
  const hold = gate()
  let runs = 0
  const run = async (_: Job, { progress }: HandlerParts) => {
    runs++
    progress({ percent: 40, message: 'half way' })
    await hold.opened
  }
  const { queue, clock } = await startWork(t, () => ({ emails: { run, leaseMs: 3_000 } }))
  const { id } = await queue.enqueue({ ...at, payload: 1 })
  await until(() => runs === 1)

  for (let seconds = 0; seconds < 10; seconds++) {
    await clock.advance(1_000)
    await until(async () => (await queue.get({ ...at, id })).progress !== undefined)
  }
  hold.open()

  await until(async () => (await queue.get({ ...at, id })).state === 'done')
  t.like(await queue.get({ ...at, id }), { attempt: 1, crashes: 0, progress: { percent: 40, message: 'half way' } })
  t.is(runs, 1)
})

test('a cancelled job aborts its handler, and nothing is kept of it', async (t) => {
  let reason: unknown
  const run = async (_: Job, { signal }: HandlerParts) => {
    await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
    reason = signal.reason
    return 'too late'
  }
  const { queue, clock, kernel } = await startWork(t, () => ({ emails: { run, leaseMs: 3_000 } }))
  const { id } = await queue.enqueue({ ...at, payload: 1 })
  await until(() => kernel.workers[0]?.running === 1)

  await queue.discard({ ...at, id })
  await clock.advance(1_000)
  await until(() => kernel.workers[0]?.running === 0)

  t.regex(String(reason), /was cancelled/)
  t.like(await queue.get({ ...at, id }), { state: 'cancelled', result: undefined })
})

test('a handler has an hour for an attempt unless it says otherwise, and what it staged by then is not kept', async (t) => {
  let reason: unknown
  const run = async (_: Job, { signal, unit }: HandlerParts) => {
    signal.addEventListener('abort', () => { reason = signal.reason })
    await storage.insert({ collection: 'mails', value: { to: 'ada' } }, { ...(unit && { unit }) })
    await hold.opened
  }
  const hold = gate()
  const { queue, storage, clock, kernel } = await startWork(t, () => ({ emails: { run, leaseMs: 3_600_000 } }))
  const { id } = await queue.enqueue({ ...at, payload: 1, attempts: 1 })
  await until(() => kernel.workers[0]?.running === 1)

  // The lease is renewed every 20 minutes.
  for (let minutes = 0; minutes < 60; minutes += 10) {
    t.is(reason, undefined)
    await clock.advance(600_000)
    await queue.counts(at)
  }
  t.like(reason, { code: 'QUEUE_ATTEMPT_TIMEOUT' })
  await clock.advance(5_000)
  await until(async () => (await queue.get({ ...at, id })).state === 'dead')
  hold.open()

  t.is((await queue.get({ ...at, id })).errors[0]?.code, 'QUEUE_ATTEMPT_TIMEOUT')
  await until(() => kernel.workers[0]?.running === 0)
  t.deepEqual((await storage.find({ collection: 'mails' })).items, [])
})

test('what a handler stages is committed with the acknowledgement, or not at all', async (t) => {
  const { queue, storage } = await startWork(t, ({ storage }) => ({
    async emails(job: Job, { unit }: HandlerParts) {
      await storage.insert({ collection: 'mails', id: String(job.payload), value: { job: job.id } }, { unit })
      if (job.payload === 'bad') throw new Error('after all not')
    },
  }), { queues: { emails: { attempts: 1 } } })

  const good = await queue.enqueue({ ...at, payload: 'good' })
  await queue.enqueue({ ...at, payload: 'bad' })

  await until(async () => { const { done, dead } = await queue.counts(at); return done + dead === 2 })
  t.is((await queue.get({ ...at, id: good.id })).state, 'done')
  t.deepEqual((await storage.get({ collection: 'mails', id: 'good' })).value, { job: good.id })
  await t.throwsAsync(storage.get({ collection: 'mails', id: 'bad' }), { code: 'STORAGE_NOT_FOUND' })
})

test('a unit whose lease was lost leaves nothing, and the job runs again', async (t) => {
  const hold = gate()
  let runs = 0
  const { queue, storage, kernel } = await startWork(t, ({ storage }) => ({
    async emails(_: Job, { unit }: HandlerParts) {
      await storage.insert({ collection: 'mails', value: { run: ++runs } }, { unit })
      await hold.opened
    },
  }))
  const { id } = await queue.enqueue({ ...at, payload: 1 })
  await until(() => runs === 1)

  // Cancelled meanwhile: it no longer is this worker's, which has not heard of it yet.
  await queue.discard({ ...at, id })
  hold.open()

  await until(() => kernel.workers[0]?.running === 0)
  t.is((await queue.get({ ...at, id })).state, 'cancelled')
  t.is((await storage.find({ collection: 'mails' })).items.length, 0)
})

test('a unit that is refused fails the attempt, and the next one has a unit of its own', async (t) => {
  const { queue, storage, clock } = await startWork(t, ({ storage }) => ({
    async emails(job: Job, { unit }: HandlerParts) {
      await storage.patch({ collection: 'mails', id: 'one', patch: { by: job.id, attempt: job.attempt } }, { unit })
      // Another changes it before the unit is committed.
      if (job.attempt === 1) await storage.patch({ collection: 'mails', id: 'one', patch: { other: true } })
    },
  }), { queues: { emails: { backoff: { initial: '0ms' } } } })
  await storage.insert({ collection: 'mails', id: 'one', value: {} })

  const { id } = await queue.enqueue({ ...at, payload: 1 })

  await until(async () => { await clock.advance(10); return (await queue.get({ ...at, id })).state === 'done' })
  t.like((await queue.get({ ...at, id })).errors, [{ attempt: 1, code: 'STORAGE_CONTENDED' }])
  t.deepEqual((await storage.get({ collection: 'mails', id: 'one' })).value, { other: true, by: id, attempt: 2 })
})

test('a plugin of two queues names the one that a handler is for, and the manifest ties it to a binding', async (t) => {
  const clock = new VirtualClock()
  const directory = mkdtempSync(join(tmpdir(), 'portico-two-'))
  const kernel = await createKernel({
    version: 1, name: 'shop', plugins: [{ use: join(import.meta.dirname, '../fixtures/reporting.ts'), needs: { reports: 'queue.reports' } }],
    connections: { main: { use: 'sqlite', with: { file: 'work.db', writer: 'main' } } },
    ports: { queue: { on: 'main', queues: { emails: {} } }, 'queue.reports': { on: 'main', queues: { daily: {} } } },
  }, { directory, clock, log: silentLog, env: {} })
  t.teardown(async () => {
    await kernel.close()
    rmSync(directory, { recursive: true })
  })

  await kernel.ports.queue.enqueue({ queue: 'emails', payload: 1 })
  await kernel.ports['queue.reports']?.enqueue({ queue: 'daily', payload: 1 })

  await until(() => reported.length === 2)
  t.deepEqual(reported.toSorted(), ['emails of emails', 'reports.daily of daily'])
  t.deepEqual(kernel.workers.map(({ binding, queue }) => `${binding}/${queue}`), ['queue/emails', 'queue.reports/daily'])
})

test('a shutdown waits for handlers, then tells them to stop and gives their jobs back uncounted', async (t) => {
  const held = new Map([['quick', gate()]])
  const run = async (job: Job, { signal }: HandlerParts) => {
    if (job.payload === 'quick') return held.get('quick')?.opened
    // One stops when it is told to, one is deaf.
    await new Promise((_, reject) => { if (job.payload === 'stops') signal.addEventListener('abort', () => reject(signal.reason as Error)) })
  }
  const { queue, kernel, clock } = await startWork(t, () => ({ emails: run }), { server: { drainTimeout: '5s' } })
  const added = await queue.enqueueMany({ ...at, jobs: ['quick', 'stops', 'deaf'].map((payload) => ({ payload })) })
  const { id: later } = await queue.enqueue({ ...at, payload: 'quick' }).then((job) => job)
  await until(() => kernel.workers[0]?.running === 4)
  const states = async () => Promise.all([...added.items.map(({ id }) => id), later].map(async (id) => (await queue.get({ ...at, id })).state))

  const closed = kernel.close()
  held.get('quick')?.open()
  await until(async () => (await states())[0] === 'done')
  t.is((await queue.enqueue({ ...at, payload: 'after' })).state, 'ready')
  await clock.advance(4_999)
  t.deepEqual(await states(), ['done', 'active', 'active', 'done'])
  await clock.advance(1)
  await until(async () => (await states())[1] === 'ready')
  t.deepEqual(await states(), ['done', 'ready', 'active', 'done'])
  const given = await Promise.all(added.items.slice(1).map(({ id }) => queue.get({ ...at, id })))
  t.like(given[0], { attempt: 0, crashes: 0, errors: [] })
  await until(async () => { await clock.advance(100); return kernel.workers[0]?.running === 0 })
  await clock.advance(1_000)

  t.is(await closed, 0)
})

test('a handler without a queue, or that is none, is refused at the start with what to do', async (t) => {
  const started = (handlers: object) => startWork(t, () => handlers)
  const run = () => undefined

  const unknown = await t.throwsAsync(started({ emials: run }), { code: 'PLUGIN_START_FAILED' })
  const none = await t.throwsAsync(started({ emails: { concurrency: 2 } }), { code: 'PLUGIN_START_FAILED' })
  const brief = await t.throwsAsync(started({ emails: { run, timeoutMs: 99 } }), { code: 'PLUGIN_START_FAILED' })
  const wide = await t.throwsAsync(started({ emails: { run, concurrency: 0 } }), { code: 'PLUGIN_START_FAILED' })
  const foreign = await t.throwsAsync(started({ 'reports.emails': run }), { code: 'PLUGIN_START_FAILED' })

  t.regex(unknown.message, /declares no queue "emials"; did you mean "emails"\?; add `emials: \{\}` to ports\.queue\.queues/)
  t.regex(none.message, /neither a function nor/)
  t.regex(brief.message, /timeoutMs must be a whole number from 100 to 604800000/)
  t.regex(wide.message, /concurrency must be a whole number from 1 to 1000/)
  t.regex(foreign.message, /has no need "reports" of the port queue; it has queue/)
})

test('what only looks at a manifest does no jobs', async (t) => {
  let runs = 0
  const { queue } = await startWork(t, () => ({ emails: () => { runs++ } }), { preparing: 'look' })

  await queue.enqueue({ ...at, payload: 1 })
  await new Promise((resolve) => setTimeout(resolve, 50))

  t.is(runs, 0)
  t.is((await queue.counts(at)).ready, 1)
})

test('a kernel of a test closes although a handler hangs', async (t) => {
  const key = randomUUID()
  handlersBy.set(key, () => ({ emails: () => new Promise(() => undefined) }))
  const { ports, close, kernel } = await testKernel({
    version: 1, plugins: [{ use: join(import.meta.dirname, '../fixtures/working.ts'), with: { key } }],
    connections: { main: { use: 'sqlite', with: { file: 'a.db' } } }, ports: { queue: { on: 'main', queues: { emails: {} } }, storage: { on: 'main', collections: {} } },
  })
  await ports.queue.enqueue({ ...at, payload: 1 })
  await until(() => kernel.workers[0]?.running === 1)

  await t.notThrowsAsync(close())
})
