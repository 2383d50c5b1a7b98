import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { emptyFolder, linesIn, openWithOutbox, startSwitched, until } from './outbox.ts'

test('kept calls reach the partner when it is back, in order, under the keys that they had, and the folder is empty then', async (t) => {
  const { url, asked, back } = await startSwitched(t)
  const directory = emptyFolder(t)
  const { partner } = await openWithOutbox(t, url, directory)
  for (let n = 0; n < 20; n++) t.like(await partner.call({ operation: 'pay', input: { n }, ...(n % 2 === 0 && { idempotencyKey: `mine-${n}` }) }), { degraded: true, via: 'file', accepted: true })
  const live = asked.filter(({ body }) => (body as { n: number }).n === 5).map(({ key }) => key)

  asked.length = 0
  back()
  await until(t, () => linesIn(directory).length === 0, 'an empty folder')

  // What the partner was asked while it was down stands before the first that it took.
  const taken = asked.filter(({ body }, index) => asked.findIndex((other) => (other.body as { n: number }).n === (body as { n: number }).n) === index)
  t.deepEqual(taken.map(({ body }) => body), Array.from({ length: 20 }, (_, n) => ({ n })))
  t.is(taken[4]?.key, 'mine-4')
  t.is(taken[5]?.key, live[0])
  t.is(new Set(taken.map(({ key }) => key)).size, 20)
})

test('a backlog is told by health and metrics until it is handed over', async (t) => {
  const { url, back } = await startSwitched(t)
  const { partner, kernel } = await openWithOutbox(t, url, emptyFolder(t))
  await partner.call({ operation: 'pay', input: { n: 1 } })
  await partner.call({ operation: 'pay', input: { n: 2 } })

  const health = await kernel.bindings.get('integrations')?.health()
  t.like(health, { status: 'degraded' })
  t.regex(await kernel.metrics(), /portico_integrations_backlog\{binding="integrations",via="file"\} 2\n/)

  back()
  await until(t, async () => (await kernel.bindings.get('integrations')?.health())?.status === 'ok', 'no backlog')
  t.regex(await kernel.metrics(), /portico_integrations_backlog\{binding="integrations",via="file"\} 0\n/)
})

test('a kept call that the partner refuses for good is put aside with its code, and the next one goes on', async (t) => {
  const { url, answers, asked } = await startSwitched(t)
  const directory = emptyFolder(t)
  const { partner, kernel } = await openWithOutbox(t, url, directory)
  for (let n = 0; n < 3; n++) await partner.call({ operation: 'pay', input: { n } })

  asked.length = 0
  answers(({ body }, response) => response.writeHead((body as { n: number }).n === 1 ? 422 : 200, { 'content-type': 'application/json' }).end('{}'))
  await until(t, () => linesIn(directory).length === 0, 'an empty folder')

  const aside = linesIn(join(directory, 'refused')).map((line) => JSON.parse(line) as { operation: string; input: unknown; code: string })
  t.like(aside, [{ operation: 'pay', input: { n: 1 }, code: 'INTEGRATION_PARTNER_REFUSED' }])
  t.is(asked.at(-1) && (asked.at(-1)?.body as { n: number }).n, 2)
  t.like(await kernel.bindings.get('integrations')?.health(), { status: 'degraded' })
})

test('a call that must not be made twice, and was being made when the process died, is put aside', async (t) => {
  const { url, back, asked } = await startSwitched(t)
  const directory = emptyFolder(t)
  const entry = (id: string, operation: string) => `${JSON.stringify({ id, time: '2026-11-26T10:00:00.000Z', binding: 'integrations', operation, input: { id } })}\n`
  writeFileSync(join(directory, 'a.ndjson'), entry('first', 'once') + entry('second', 'once') + entry('third', 'pay'))
  writeFileSync(join(directory, 'position.json'), JSON.stringify({ file: 'a.ndjson', offset: 0, trying: 'first' }))

  back()
  await openWithOutbox(t, url, directory)
  await until(t, () => linesIn(directory).length === 0, 'an empty folder')

  t.deepEqual(asked.map(({ key }) => key), ['second', 'third'])
  t.like(linesIn(join(directory, 'refused')).map((line) => JSON.parse(line) as object), [{ id: 'first', code: 'INTEGRATION_OUTCOME_UNKNOWN' }])
})

test('a call that was being made when the process died is made again under its key where the partner takes one', async (t) => {
  const { url, back, asked } = await startSwitched(t)
  const directory = emptyFolder(t)
  writeFileSync(join(directory, 'a.ndjson'), `${JSON.stringify({ id: 'first', time: '2026-11-26T10:00:00.000Z', binding: 'integrations', operation: 'pay', input: {}, idempotencyKey: 'mine' })}\n`)
  writeFileSync(join(directory, 'position.json'), JSON.stringify({ file: 'a.ndjson', offset: 0 }))

  back()
  await openWithOutbox(t, url, directory)
  await until(t, () => linesIn(directory).length === 0, 'an empty folder')

  t.deepEqual(asked.map(({ key }) => key), ['mine'])
})

test('calls that were kept while nobody replayed them are left to whoever reads them', async (t) => {
  const { url, back, asked } = await startSwitched(t)
  const directory = emptyFolder(t)
  const old = `${JSON.stringify({ id: 'old', time: '2026-11-26T10:00:00.000Z', binding: 'integrations', operation: 'pay', input: {} })}\n`
  writeFileSync(join(directory, '01.ndjson'), old)
  const { partner } = await openWithOutbox(t, url, directory)
  await partner.call({ operation: 'pay', input: { n: 1 } })

  asked.length = 0
  back()
  await until(t, () => linesIn(directory).length === 1, 'only the old call')

  t.false(asked.some(({ key }) => key === 'old'))
  t.is(readFileSync(join(directory, '01.ndjson'), 'utf8'), old)
})

test('a position that cannot be read ends no start, keeps nothing and replays nothing: its binding says so', async (t) => {
  const { url } = await startSwitched(t)
  const directory = emptyFolder(t)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'position.json'), '{"file":')
  const { partner, kernel } = await openWithOutbox(t, url, directory)

  await t.throwsAsync(partner.call({ operation: 'pay', input: {} }), { code: 'INTEGRATION_OUTBOX_FAILED' })

  t.like(await kernel.bindings.get('integrations')?.health(), { status: 'degraded' })
})
