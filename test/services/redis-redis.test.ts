import { randomBytes } from 'node:crypto'
import test from 'ava'
import { redisScript } from '../../kernel/ports/redis/index.ts'
import { RedisQueue } from '../../plugins/queue-redis/driver.ts'
import { prepare } from '../../plugins/queue-redis/start.ts'
import { call } from '../plugins/sql-sqlite/connection.ts'
import { openConnection, ownRedis } from './redis.ts'
import { databaseOf, testWith } from './server.ts'
import { openProxy } from './toxiproxy.ts'

const throughPort = (url: string, port: number): string => {
  const changed = new URL(url)
  changed.port = String(port)
  return changed.href
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const until = async (kept: () => Promise<boolean>, withinMs = 20_000): Promise<void> => {
  for (const startedMs = performance.now(); !(await kept()); await pause(20)) if (performance.now() - startedMs > withinMs) throw new Error(`not within ${withinMs} ms`)
}
const echo = redisScript('write', `return { KEYS[1], ARGV[1], 7, false } -- ${randomBytes(8).toString('hex')}`)

testWith(['REDIS'], 'a script runs by its name, also where the server does not know it', async (t, url = '') => {
  const connection = await openConnection(t, { url })

  for (let times = 0; times < 2; times++) t.deepEqual(await connection.run(echo, ['k'], ['é😀'], call()), ['k', 'é😀', 7, null])
  await t.throwsAsync(connection.run(redisScript('write', 'return redis.call("NOSUCH")'), [], [], call()), { code: 'DATABASE_FAILED' })
  t.true(Math.abs((await connection.now(call())) - Date.now()) < 2_000)
})

testWith(['REDIS'], 'what cannot work is refused at the start, in one line with what to change and without the password', async (t, url = '') => {
  const { host } = new URL(url)
  const secret = 'hunter2-x'
  const refusals: readonly (readonly [Parameters<typeof openConnection>[1], RegExp])[] = [
    [{ url: `redis://:${secret}@${host}/0` }, /refuses the user or the password .*connections\.main\.with\.url/],
    [{ url: `redis://:${secret}@127.0.0.1:1/0` }, /nobody listens .*connections\.main\.with\.url/],
    [{ url: `redis://:${secret}@nowhere.invalid/0` }, /its host is not known/],
    [{ url: `http://:${secret}@${host}` }, /no url of a Redis/],
    [{ url: `redis://:${secret}%zz@${host}` }, /no url of a Redis/],
    [{ url: url.replace(/\d+$/, '9999') }, /no such database/],
    [{ url, tls: { enabled: true, ca: undefined, certificate: undefined, key: undefined } }, /connections\.main\.with\.tls\.enabled/],
    [{ url, tls: { enabled: true, ca: '/nowhere/ca.pem', certificate: undefined, key: undefined } }, /\/nowhere\/ca\.pem/],
    [{ url, prefix: 'a b' }, /with\.prefix/],
  ]

  for (const [settings, message] of refusals) {
    const error = await t.throwsAsync(openConnection(t, { connectWithinMs: 300, ...settings }), { code: 'DATABASE_FAILED', message })
    t.false(JSON.stringify([error?.message, error?.stack, String(error?.cause), error?.cause]).includes(secret), error?.message)
    t.false(error?.message.includes('\n'), error?.message)
  }
})

testWith(['REDIS', 'TOXIPROXY'], 'while it is down calls fail at once; then it is used again, and whoever listens is told when it begins to hear and when something may be lost', async (t, url = '', api = '') => {
  const proxy = await openProxy(t, api, new URL(url).host)
  const connection = await openConnection(t, { url: throughPort(url, proxy.port) })
  const channel = `portico_test:${randomBytes(8).toString('hex')}`
  const heard: (string | undefined)[] = []
  t.teardown(connection.signals.on(channel, (text) => heard.push(text)))
  await until(async () => {
    connection.signals.send(channel, 'first')
    return heard.includes('first')
  })
  t.is(heard[0], undefined)
  const second: (string | undefined)[] = []
  t.teardown(connection.signals.on(channel, (text) => second.push(text)))
  await until(async () => second.length > 0)
  heard.length = 0

  await proxy.cut()
  await until(async () => connection.health(call()).then(() => false, () => true))
  const startedMs = performance.now()
  await t.throwsAsync(connection.command(['INCR', channel], 'write', call()), { code: 'DATABASE_UNAVAILABLE' })
  t.true(performance.now() - startedMs < 3_000)

  await proxy.restore()
  await until(async () => connection.health(call()).then(() => true, () => false))
  await until(async () => heard.includes(undefined))
  await until(async () => {
    connection.signals.send(channel, 'again')
    return heard.includes('again')
  })
  t.is(await connection.command(['EXISTS', channel], 'read', call()), 0)
})

testWith(['REDIS'], 'a channel that is listened to while the connection for messages opens is heard like any other', async (t, url) => {
  const connection = await openConnection(t, { url })
  const heard = new Set<string>()
  const channels: string[] = []
  while (heard.size === 0) {
    const channel = `portico_test:${randomBytes(8).toString('hex')}`
    channels.push(channel)
    t.teardown(connection.signals.on(channel, () => heard.add(channel)))
    await new Promise(setImmediate)
  }

  await until(async () => heard.size === channels.length)
  t.true(channels.length > 1)
})

testWith(['REDIS', 'TOXIPROXY'], 'a write that was sent and not answered has an unknown outcome, a read is busy, and each ends by its deadline', async (t, url = '', api = '') => {
  const { name } = await databaseOf(t, url)
  const proxy = await openProxy(t, api, new URL(url).host)
  const [connection, direct] = [await openConnection(t, { url: throughPort(url, proxy.port) }), await openConnection(t, { url })]
  await connection.health(call())
  await proxy.hang('answers')

  const startedMs = performance.now()
  await Promise.all([
    t.throwsAsync(connection.command(['INCR', `${name}:n`], 'write', call(300)), { code: 'DATABASE_OUTCOME_UNKNOWN' }),
    t.throwsAsync(connection.command(['GET', `${name}:n`], 'read', call(300)), { code: 'DATABASE_BUSY' }),
  ])
  t.true(performance.now() - startedMs < 4_000)
  await until(async () => (await direct.command(['GET', `${name}:n`], 'read', call())) === '1')
  const broken = t.throwsAsync(connection.command(['INCR', `${name}:n`], 'write', call()), { code: 'DATABASE_OUTCOME_UNKNOWN' })
  await until(async () => (await direct.command(['GET', `${name}:n`], 'read', call())) === '2')
  await proxy.cut()
  await broken
})

testWith(['REDIS', 'TOXIPROXY'], 'a connection on which nothing passes is closed and opened anew, and no more calls wait on it than fit', async (t, url = '', api = '') => {
  const proxy = await openProxy(t, api, new URL(url).host)
  const connection = await openConnection(t, { url: throughPort(url, proxy.port), maxPending: 8, stallTimeoutMs: 1_500 })
  await proxy.hang('all')

  const waiting = Array.from({ length: 8 }, () => t.throwsAsync(connection.health(call()), { code: 'DATABASE_UNAVAILABLE' }))
  await t.throwsAsync(connection.health(call()), { code: 'DATABASE_BUSY' })
  await Promise.all(waiting)
  await proxy.restore()

  await until(async () => connection.health(call(500)).then(() => true, () => false))
  t.pass()
})

test('where memory is full an enqueue is refused whole, and what drains goes on', async (t) => {
  const server = await ownRedis(t, '--maxmemory', '4mb')
  if (!server) return t.pass('there is no redis-server here')
  const connection = await openConnection(t, { url: `redis://${server.host}` })
  const queue = new RedisQueue(connection, 'portico_test:{queue}:')
  const row = (n: number) => ({
    id: `01890000-0000-7000-8000-${String(n).padStart(12, '0')}`, queue: 'emails', state: 'ready' as const, payload: JSON.stringify('x'.repeat(50_000)), priority: 0, attempt: 0, attempts: 8, crashes: 0,
    runAt: n, rank: n, holds: false, enqueuedAt: n, errors: [], answers: [], revision: 1,
  })

  let added = 0
  const full = await t.throwsAsync(async () => {
    for (; added < 1_000; added++) await queue.commits.commit(queue.insert([row(added)]), call())
  })
  t.like(full, { code: 'DATABASE_FULL' })
  const lease = await queue.lease({ queue: 'emails', max: 1, leaseMs: 60_000, token: 't' }, call())
  t.is(lease?.found[0]?.attempt, 1)
  t.true(await queue.ack({ id: row(0).id, queue: 'emails', token: 't', keepMs: 60_000, lanes: false }))
  const { found } = await queue.counts('emails', call())
  t.deepEqual(found.filter(({ count }) => count > 0), [{ state: 'ready', count: added - 1 }, { state: 'done', count: 1 }])
})

test('a server that would drop jobs is refused for a queue; one that turns into a replica takes no more writes until it is found again', async (t) => {
  const server = await ownRedis(t, '--maxmemory-policy', 'allkeys-lru')
  if (!server) return t.pass('there is no redis-server here')
  const connection = await openConnection(t, { url: `redis://${server.host}` })
  t.like(connection.facts, { evicts: 'allkeys-lru', appendOnly: false })
  await t.throwsAsync(prepare(connection, 'queue', new AbortController().signal), { code: 'DATABASE_FAILED', message: /maxmemory-policy noeviction/ })

  await connection.command(['REPLICAOF', '127.0.0.1', '1'], 'write', call())
  await t.throwsAsync(connection.command(['SET', 'a', '1'], 'write', call()), { code: 'DATABASE_UNAVAILABLE' })
  await t.throwsAsync(openConnection(t, { url: `redis://${server.host}`, connectWithinMs: 300 }), { code: 'DATABASE_FAILED', message: /is a replica/ })
  await until(async () => connection.command(['REPLICAOF', 'NO', 'ONE'], 'write', call()).then(() => true, () => false))
  t.is(await connection.command(['SET', 'a', '1'], 'write', call()), 'OK')
})
