import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { Webhook } from 'standardwebhooks'
import { systemClock } from '../../../kernel/clock.ts'
import { explainManifest } from '../../../kernel/manifest/explain.ts'
import { Problems } from '../../../kernel/manifest/problems.ts'
import { readManifest } from '../../../kernel/manifest/read.ts'
import { wantedPlugins } from '../../../kernel/manifest/wanted.ts'
import type { Clock, Log } from '../../../kernel/plugin.ts'
import { loadPlugins } from '../../../kernel/plugins/loader.ts'
import { silentLog } from '../../contract/log.ts'
import { startWork, until } from './start.ts'

const at = { queue: 'emails' }
const secrets = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'] as const

interface Received {
  readonly headers: Record<string, string>
  readonly body: string
}

/** A receiver on this machine; what it answers is the test's. */
async function receive(t: ExecutionContext, answer: (request: Received, response: ServerResponse) => void) {
  const received: Received[] = []
  const listener: RequestListener = (request: IncomingMessage, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const one = { headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])), body: Buffer.concat(chunks).toString() }
      received.push(one)
      answer(one, response)
    })
  }
  const server = createServer(listener)
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const { port } = server.address() as AddressInfo
  return { received, port, url: `http://127.0.0.1:${port}/jobs/email?from=shop` }
}

interface Pushed {
  readonly deliver: object
  readonly rules?: object
  readonly log?: Log
  readonly clock?: Clock
  readonly env?: Record<string, string>
}

function start(t: ExecutionContext, { deliver, rules = {}, log = silentLog, clock = systemClock, env = {} }: Pushed) {
  return startWork(t, undefined, { clock, log, env, queues: { emails: { attempts: 1, ...rules, deliver } } })
}

/** The code and words of how the one attempt of a job failed. */
async function failureOf(t: ExecutionContext, pushed: Pushed): Promise<{ readonly code?: string | undefined; readonly message?: string | undefined }> {
  const { queue } = await start(t, pushed)
  const { id } = await queue.enqueue({ ...at, payload: 1 })
  await until(async () => (await queue.get({ ...at, id })).state === 'dead', 'the failure')
  const [error] = (await queue.get({ ...at, id })).errors
  return { code: error?.code, message: error?.message }
}

test('each job is a signed CloudEvent, and the answer is its result', async (t) => {
  const { url, received } = await receive(t, (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"sent":true}'))
  const { queue } = await start(t, { deliver: { url, signing: ['${secret:new}', '${secret:old}'] }, env: { PORTICO_SECRET_NEW: secrets[0], PORTICO_SECRET_OLD: secrets[1] } })

  const job = await queue.enqueue({ ...at, payload: { to: 'ada', umlaut: 'ü' }, idempotencyKey: 'order-1' })
  await until(async () => (await queue.get({ ...at, id: job.id })).state === 'done')

  const [{ headers, body }] = received as [Received]
  t.is(headers['content-type'], 'application/cloudevents+json; charset=utf-8')
  t.is(headers['webhook-id'], job.id)
  for (const secret of secrets) t.notThrows(() => new Webhook(secret).verify(body, headers))
  t.throws(() => new Webhook(secrets[0]).verify(body.replace('ada', 'eve'), headers))
  t.deepEqual(JSON.parse(body), {
    specversion: '1.0', type: 'portico.queue.job', source: '/shop/queue', id: job.id, subject: 'emails', time: job.enqueuedAt, datacontenttype: 'application/json',
    attempt: 1, attempts: 1, crashes: 0, priority: 0, idempotencykey: 'order-1', data: { to: 'ada', umlaut: 'ü' },
  })
  t.deepEqual((await queue.get({ ...at, id: job.id })).result, { sent: true })
})

test('a secret is one text or several, and without one there is no signature', async (t) => {
  const { url, received } = await receive(t, (_, response) => response.writeHead(204).end())
  const one = await start(t, { deliver: { url, signing: '${secret:only}' }, env: { PORTICO_SECRET_ONLY: secrets[0] } })
  const none = await start(t, { deliver: { url } })

  await one.queue.enqueue({ ...at, payload: 1 })
  await until(() => received.length === 1)
  await none.queue.enqueue({ ...at, payload: 1 })
  await until(() => received.length === 2)

  t.notThrows(() => new Webhook(secrets[0]).verify(received[0]?.body ?? '', received[0]?.headers ?? {}))
  t.is(received[1]?.headers['webhook-signature'], undefined)
})

test('2xx alone acknowledges, whatever its body is', async (t) => {
  const bodies: Record<string, (response: ServerResponse) => void> = {
    nothing: (response) => response.writeHead(204).end(),
    text: (response) => response.writeHead(200, { 'content-type': 'text/plain' }).end('fine'),
    broken: (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"sent":'),
    binary: (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.from([0x22, 0xff, 0x22])),
    huge: (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify('x'.repeat(100_000))),
    endless: (response) => { response.writeHead(200, { 'content-type': 'application/json' }); const more = () => { if (response.write('"'.padEnd(10_000))) setImmediate(more); else response.once('drain', more) }; more() },
    trickle: (response) => { response.writeHead(202, { 'content-type': 'application/json' }); response.write('"a') },
    cut: (response) => { response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 }); response.write('"a'); setTimeout(() => response.destroy(), 20) },
    unkeepable: (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('"\\u0000"'),
  }
  const { url, received } = await receive(t, ({ body }, response) => bodies[(JSON.parse(body) as { readonly data: string }).data]?.(response))
  const { queue } = await start(t, { deliver: { url, timeout: '5s' } })

  await queue.enqueueMany({ ...at, jobs: Object.keys(bodies).map((payload) => ({ payload })) })
  await until(async () => (await queue.counts(at)).done === Object.keys(bodies).length)

  t.is(received.length, Object.keys(bodies).length)
  for (const { result } of (await queue.list({ ...at, state: 'done' })).items) t.is(result, undefined)
})

test('any other answer fails the attempt, and a redirect is not followed', async (t) => {
  const inner = await receive(t, (_, response) => response.end())
  const outer = await receive(t, (_, response) => response.writeHead(307, { location: inner.url }).end())
  const ailing = await receive(t, (_, response) => response.writeHead(500).end('x'.repeat(1_000_000)))

  t.deepEqual(await failureOf(t, { deliver: { url: outer.url } }), { code: 'QUEUE_PUSH_STATUS', message: 'the receiver answered 307' })
  t.deepEqual(await failureOf(t, { deliver: { url: ailing.url } }), { code: 'QUEUE_PUSH_STATUS', message: 'the receiver answered 500' })
  t.is(inner.received.length, 0)
})

test('no answer fails the attempt: none in time, a connection that is cut, nobody there', async (t) => {
  const hanging = await receive(t, () => undefined)
  const cutting = await receive(t, (_, response) => { response.socket?.destroy() })
  const trickling = await receive(t, (_, response) => { response.socket?.write('HTTP/1.1 200 OK\r\nx: '); const drip = setInterval(() => response.socket?.write('y'), 20); response.socket?.on('close', () => clearInterval(drip)) })

  t.is((await failureOf(t, { deliver: { url: hanging.url, timeout: '100ms' } })).code, 'QUEUE_PUSH_TIMEOUT')
  t.is((await failureOf(t, { deliver: { url: trickling.url, timeout: '200ms' } })).code, 'QUEUE_PUSH_TIMEOUT')
  t.is((await failureOf(t, { deliver: { url: cutting.url } })).code, 'QUEUE_PUSH_LOST')
  t.is((await failureOf(t, { deliver: { url: 'http://127.0.0.1:1/' } })).code, 'QUEUE_PUSH_UNREACHABLE')
})

test('429 and 503 slow the delivery down for as long as they ask, and count no attempt', async (t) => {
  const answers = [{ status: 429, after: '1' }, { status: 503, after: new Date(Date.now() - 1_000).toUTCString() }]
  const times: number[] = []
  const { url } = await receive(t, (_, response) => {
    times.push(performance.now())
    const next = answers.shift()
    if (next) response.writeHead(next.status, { 'retry-after': next.after }).end()
    else response.writeHead(200).end()
  })
  const { queue, kernel } = await start(t, { deliver: { url, concurrency: 1 } })

  const { id } = await queue.enqueue({ ...at, payload: 1 })
  await until(() => kernel.workers[0]?.state === 'slowed')
  await until(async () => (await queue.get({ ...at, id })).state === 'done')

  t.like(await queue.get({ ...at, id }), { attempt: 1, errors: [] })
  t.is(times.length, 3)
  for (const [index, time] of times.slice(1).entries()) t.true(time - (times[index] ?? 0) >= 990)
})

test('410 pauses the queue and says why; resumed, its jobs are sent again', async (t) => {
  let gone = true
  const lines: unknown[] = []
  const log: Log = { ...silentLog, error: (fields, message) => { lines.push([message, fields]) }, child: () => log }
  const { url, received } = await receive(t, (_, response) => response.writeHead(gone ? 410 : 200).end())
  const { queue, kernel } = await start(t, { deliver: { url }, log })

  const { id } = await queue.enqueue({ ...at, payload: 1 })
  await until(async () => (await queue.counts(at)).paused)
  await until(async () => (await queue.get({ ...at, id })).state === 'ready')

  t.like(await queue.get({ ...at, id }), { attempt: 0, errors: [] })
  t.is((await queue.counts(at)).pauseReason, 'its receiver answered 410: it wants no more of these jobs')
  t.like(kernel.workers[0], { state: 'stopped', reason: 'its receiver answered 410: it wants no more of these jobs' })
  const told = await (await fetch(`${(await kernel.listen()).url}/v1/kernel`)).json()
  t.like(told, { workers: [{ binding: 'queue', queue: 'emails', state: 'stopped', reason: 'its receiver answered 410: it wants no more of these jobs', running: 0 }] })
  t.like(lines, [['the queue was paused; resume it when the reason is gone', { reason: 'its receiver answered 410: it wants no more of these jobs' }]])
  t.is(received.length, 1)

  gone = false
  await queue.resume(at)
  await until(async () => (await queue.get({ ...at, id })).state === 'done')
  t.is(kernel.workers[0]?.reason, undefined)
})

test('a name that stands for this machine or a private network is refused, unless that is allowed', async (t) => {
  const { port } = await receive(t, (_, response) => response.end())
  // It resolves to an address of this machine.
  const own = hostname()

  const refused = await failureOf(t, { deliver: { url: `http://${own}:${port}/` } })
  const { queue } = await start(t, { deliver: { url: `http://localhost:${port}/` } })
  const { id } = await queue.enqueue({ ...at, payload: 1 })
  await until(async () => (await queue.get({ ...at, id })).state === 'done')

  t.is(refused.code, 'QUEUE_PUSH_PRIVATE_ADDRESS')
  const allowed = await failureOf(t, { deliver: { url: `http://${own}:1/`, allowPrivate: true } })
  t.is(allowed.code, 'QUEUE_PUSH_UNREACHABLE')
})

test('a shutdown gives back what the receiver does not answer in time, uncounted', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'portico-drain-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const { url, received } = await receive(t, () => undefined)
  const first = await startWork(t, undefined, { directory, clock: systemClock, server: { drainTimeout: '50ms' }, queues: { emails: { attempts: 1, deliver: { url } } } })
  const { id } = await first.queue.enqueue({ ...at, payload: 1 })
  await until(() => received.length === 1)

  t.is(await first.kernel.close(), 0)

  const second = await startWork(t, undefined, { directory, clock: systemClock })
  t.like(await second.queue.get({ ...at, id }), { state: 'ready', attempt: 0, errors: [] })
})

test('a delivery whose URL or secret has not their form is refused, and neither is shown', async (t) => {
  const error = await t.throwsAsync(start(t, { deliver: { url: 'http://127.0.0.1:1/', signing: 'whsec_tooshort' } }), { code: 'MANIFEST_INVALID' })
  const filled = await t.throwsAsync(start(t, { deliver: { url: 'http://127.0.0.1:1/', signing: ['${secret:bad}'] }, env: { PORTICO_SECRET_BAD: 'whsec_tooshort' } }), { code: 'MANIFEST_INVALID' })
  const url = await t.throwsAsync(start(t, { deliver: { url: 'ftp://127.0.0.1/' } }), { code: 'MANIFEST_INVALID' })

  const odd = await t.throwsAsync(start(t, { deliver: { url: 'http://1.2.3.4.5/' } }), { code: 'MANIFEST_INVALID' })
  const oddSecret = await t.throwsAsync(start(t, { deliver: { url: '${secret:url}' }, env: { PORTICO_SECRET_URL: 'http://1.2.3.4.5/token' } }), { code: 'MANIFEST_INVALID' })

  for (const { message } of [error, filled]) t.false(message.includes('tooshort'), message)
  t.regex(error.message, /ports\.queue\.queues\.emails\.deliver\.signing/)
  t.regex(url.message, /deliver\.url: must be of the form of "http:\/\/127\.0\.0\.1:3000\/jobs\/email"/)
  t.regex(odd.message, /deliver\.url: must be a URL/)
  t.is(oddSecret.message, 'ports.queue.queues.emails.deliver.url: the secret that stands here must be a URL such as http://127.0.0.1:3000/')
})

test('explain shows no secret of a delivery, whether it is written or referred to', async (t) => {
  const explained = async (signing: unknown) => {
    const options = { env: {} }
    const problems = new Problems()
    const manifest = { version: 1, ports: { queue: { on: { use: 'sqlite', with: { file: 'a.db' } }, queues: { emails: { deliver: { url: 'http://127.0.0.1:1/', signing } } } } } }
    const raw = await readManifest({ manifest, directory: tmpdir() }, options, problems)
    if (!raw) throw problems.toError()
    const catalogue = await loadPlugins(wantedPlugins(raw), raw.directory, problems)
    const found = explainManifest(raw, catalogue, options, problems)
    t.deepEqual(problems.list(), [])
    return found.find(({ path }) => path.endsWith('signing'))?.value
  }

  t.is(await explained(secrets[0]), '***')
  t.is(await explained([secrets[0], '${secret:old}']), '***')
  t.is(await explained('${secret:new}'), '${secret:new}')
})
