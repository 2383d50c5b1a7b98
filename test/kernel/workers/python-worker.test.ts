import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import anyTest, { type ExecutionContext } from 'ava'
import { systemClock } from '../../../kernel/clock.ts'
import { startWork, until } from './start.ts'

const examples = join(import.meta.dirname, '../../../docs/guides/examples/python-worker')
const at = { queue: 'emails' }

const hasPython = (() => {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()
const test = hasPython ? anyTest.serial : anyTest.skip

/** A queue behind HTTP, by the clock of the system, as another process shares it. */
async function serve(t: ExecutionContext, rules: object = {}, env: Record<string, string> = {}) {
  const { kernel, queue } = await startWork(t, undefined, { clock: systemClock, queues: { emails: { backoff: { initial: '0ms' }, ...rules } }, env, server: { drainTimeout: '1s' } })
  return { queue, url: (await kernel.listen()).url }
}

/** A program of the example; answers when it says its first line. */
async function python(t: ExecutionContext, script: string, args: readonly string[], env: Record<string, string> = {}): Promise<{ readonly child: ChildProcess; readonly lines: string[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'portico-python-'))
  const child = spawn('python3', [join(examples, script), ...args], { env: { ...process.env, OUTBOX: join(directory, 'outbox.db'), ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    rmSync(directory, { recursive: true, force: true })
  })
  const lines: string[] = []
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => lines.push(line))
  await until(() => lines.length > 0, script)
  return { child, lines }
}

const work = (t: ExecutionContext, url: string, ...args: string[]) => python(t, 'worker.py', ['--url', url, '--wait-ms', '500', ...args])

test('the worker in Python does jobs, and says what failed', async (t) => {
  const { queue, url } = await serve(t)
  await work(t, url)

  const { items: [good, bad] } = await queue.enqueueMany({ ...at, jobs: [{ payload: { to: 'ada@example.com' } }, { payload: { to: 'nobody' } }] })
  await until(async () => { const { done, dead } = await queue.counts(at); return done + dead === 2 })

  t.like(await queue.get({ ...at, id: good?.id ?? '' }), { state: 'done', result: { to: 'ada@example.com', sentIn: 1 } })
  t.like((await queue.get({ ...at, id: bad?.id ?? '' })).errors[0], { message: 'no such mailbox', code: 'SMTP_550' })
})

test('a job longer than its lease runs once: it is renewed', async (t) => {
  const { queue, url } = await serve(t)
  await work(t, url, '--lease-ms', '4000')

  const { id } = await queue.enqueue({ ...at, payload: { to: 'ada@example.com', seconds: 6 } })
  await until(async () => (await queue.get({ ...at, id })).state === 'done')

  t.like(await queue.get({ ...at, id }), { attempt: 1, crashes: 0 })
})

test('a worker that is killed in the middle of a job leaves it to another', async (t) => {
  const { queue, url } = await serve(t)
  const { child } = await work(t, url, '--lease-ms', '3000')
  const { id } = await queue.enqueue({ ...at, payload: { to: 'ada@example.com', seconds: 2 } })
  await until(async () => (await queue.get({ ...at, id })).state === 'active')

  child.kill('SIGKILL')
  await once(child, 'exit')
  await work(t, url)
  await until(async () => (await queue.get({ ...at, id })).state === 'done')

  t.like(await queue.get({ ...at, id }), { attempt: 2, crashes: 1, result: { sentIn: 2 } })
})

test('a cancelled job stops its work', async (t) => {
  const { queue, url } = await serve(t)
  const { lines } = await work(t, url, '--lease-ms', '3000')
  const { id } = await queue.enqueue({ ...at, payload: { to: 'ada@example.com', seconds: 60 } })
  await until(async () => (await queue.get({ ...at, id })).state === 'active')

  await queue.discard({ ...at, id })
  await until(() => lines.some((line) => line.includes('"cancelled"')))

  t.is((await queue.get({ ...at, id })).state, 'cancelled')
})

test('SIGTERM drains: what ends in time is done, the rest is given back uncounted', async (t) => {
  const { queue, url } = await serve(t)
  const { child } = await work(t, url, '--drain', '6', '--threads', '2')
  const { items } = await queue.enqueueMany({ ...at, jobs: [0.5, 60].map((seconds) => ({ payload: { to: 'ada@example.com', seconds } })) })
  await until(async () => (await queue.counts(at)).ready === 0)

  child.kill('SIGTERM')
  const [status] = await once(child, 'exit') as [number]

  t.is(status, 0)
  t.is((await queue.get({ ...at, id: items[0]?.id ?? '' })).state, 'done')
  t.like(await queue.get({ ...at, id: items[1]?.id ?? '' }), { state: 'ready', attempt: 0, errors: [] })
})

test('the receiver in Python takes signed jobs alone', async (t) => {
  const secrets = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'] as const
  const { lines } = await python(t, 'receiver.py', ['--port', '0'], { SIGNING: secrets.join(',') })
  const { listening } = JSON.parse(lines[0] ?? '') as { readonly listening: number }
  const deliver = { url: `http://127.0.0.1:${listening}/`, signing: '${secret:jobs}' }
  const ours = await serve(t, { attempts: 1, deliver }, { PORTICO_SECRET_JOBS: secrets[1] })
  const theirs = await serve(t, { attempts: 1, deliver }, { PORTICO_SECRET_JOBS: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' })

  const good = await ours.queue.enqueue({ ...at, payload: { to: 'ada@example.com' } })
  const bad = await theirs.queue.enqueue({ ...at, payload: { to: 'eve@example.com' } })
  await until(async () => (await ours.queue.get({ ...at, id: good.id })).state === 'done' && (await theirs.queue.get({ ...at, id: bad.id })).state === 'dead')

  t.deepEqual((await ours.queue.get({ ...at, id: good.id })).result, { to: 'ada@example.com', attempt: 1 })
  t.like((await theirs.queue.get({ ...at, id: bad.id })).errors[0], { code: 'QUEUE_PUSH_STATUS', message: 'the receiver answered 401' })
  t.is((await fetch(deliver.url, { method: 'POST', body: '{}' })).status, 401)
})
