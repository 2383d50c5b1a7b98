import { tmpdir } from 'node:os'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { emptyFolder, startSwitched, until } from './outbox.ts'

const post = { method: 'POST', path: '/pay', idempotencyKey: true }

async function start(t: ExecutionContext, baseUrl: string, directory: string, others: readonly object[] = []) {
  const fallback = [...others, { use: 'file', with: { directory, replay: { perSecond: 1_000, backoff: '20ms', maxBackoff: '20ms' } }, when: ['5xx'] }]
  const binding = { use: 'http', with: { baseUrl }, operations: { pay: { ...post, ordered: true }, ping: { ...post, path: '/ping' } }, fallback, policy: 'strict' }
  const kernel = await createKernel({ version: 1, name: 'test', ports: { integrations: binding }, policies: { strict: { retry: { attempts: 3, initial: '1ms' } } } }, { directory: tmpdir(), env: {} })
  t.teardown(() => kernel.close())
  return kernel.ports.integrations
}

test('a call of an ordered operation is kept behind those that are, though the partner is back, and one of another is not', async (t) => {
  const { url, asked, answers, back } = await startSwitched(t)
  const partner = await start(t, url, emptyFolder(t), [{ use: 'static', when: ['open'] }])
  t.true((await partner.call({ operation: 'pay', input: { n: 1 } })).accepted)

  // The partner is back for all but the first of those that are kept.
  answers(({ body }, response) => response.writeHead((body as { n: number }).n === 1 ? 503 : 200, { 'content-type': 'application/json' }).end('{}'))
  t.like(await partner.call({ operation: 'ping', input: { n: 9 } }), { via: 'http', accepted: false, degraded: false })
  for (const n of [2, 3]) t.like(await partner.call({ operation: 'pay', input: { n } }), { via: 'file', accepted: true, degraded: true, output: null })
  t.like(await partner.describe({}), { operations: [{ name: 'pay', ordered: true }, { name: 'ping', ordered: undefined }], fallback: [{ via: 'static' }, { backlog: { waiting: 3 } }] })

  const before = asked.length
  back()
  await until(t, async () => (await partner.describe({})).fallback[1]?.backlog?.waiting === 0, 'all handed over')
  t.deepEqual(asked.slice(before).filter(({ path }) => path === '/pay').map(({ body }) => body).slice(-3), [{ n: 1 }, { n: 2 }, { n: 3 }])
  t.deepEqual(new Set(asked.filter(({ body }) => (body as { n: number }).n === 2).map(({ key }) => key)).size, 1)

  t.like(await partner.call({ operation: 'pay', input: { n: 4 } }), { via: 'http', accepted: false, degraded: false })
  t.deepEqual(asked.at(-1)?.body, { n: 4 })
})

test('a hundred ordered calls, made one after the other while the partner comes and goes, reach it once each and in order', async (t) => {
  const { url, asked, answers } = await startSwitched(t)
  let turn = 0
  const taken: number[] = []
  answers(({ body }, response) => {
    const isUp = Math.floor(turn++ / 7) % 2 === 1
    if (isUp) taken.push((body as { n: number }).n)
    response.writeHead(isUp ? 200 : 503, { 'content-type': 'application/json' }).end('{}')
  })
  const partner = await start(t, url, emptyFolder(t))

  for (let n = 0; n < 100; n++) await partner.call({ operation: 'pay', input: { n } })
  await until(t, async () => (await partner.describe({})).fallback[0]?.backlog?.waiting === 0, 'all handed over')

  t.deepEqual(taken, Array.from({ length: 100 }, (_, n) => n))
  t.true(asked.length > 100, 'some were refused at first')
})

test('while nobody knows what is kept, an ordered call is refused rather than made before it', async (t) => {
  const { url, asked, back } = await startSwitched(t)
  back()
  const directory = emptyFolder(t)
  writeFileSync(join(directory, 'position.json'), '{"file":')
  const partner = await start(t, url, directory)

  await t.throwsAsync(partner.call({ operation: 'pay', input: { n: 1 } }), { code: 'INTEGRATION_OUTBOX_FAILED' })
  t.true((await partner.call({ operation: 'ping', input: { n: 2 } })).via === 'http')

  t.deepEqual(asked.map(({ path }) => path), ['/ping'])
})
