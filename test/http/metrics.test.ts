import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { createKernel } from '../../kernel/index.ts'
import { send } from '../kernel/server/harness.ts'

test('/metrics tells what became of the jobs of each queue, in text that Prometheus reads', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'portico-metrics-'))
  const kernel = await createKernel({
    version: 1, name: 'shop', server: { host: '127.0.0.1', port: 0 },
    connections: { main: { use: 'sqlite', with: { file: 'shop.db' } } },
    ports: { queue: { on: 'main', queues: { emails: {} } }, 'queue.reports': { use: 'memory', queues: { daily: {} } } },
  }, { directory })
  t.teardown(async () => {
    await kernel.close()
    await rm(directory, { recursive: true, force: true })
  })
  const { url } = await kernel.listen()
  const jobs = `${url}/v1/queue/emails`
  for (let at = 0; at < 3; at++) await send(`${jobs}/jobs`, 'POST', { payload: at })
  const { items: [one, two] } = await (await send(`${jobs}/leases`, 'POST', { max: 2 })).json() as { items: { token: string }[] }
  await send(`${jobs}/leases/${one?.token ?? ''}/ack`, 'POST', {})
  await send(`${jobs}/leases/${two?.token ?? ''}/fail`, 'POST', { error: { message: 'no' }, dead: true })
  t.is((await send(`${jobs}/leases/${two?.token ?? ''}/ack`, 'POST', {})).status, 409)

  const scrape = async () => (await fetch(`${url}/metrics`)).text()
  let text = await scrape()
  // A scrape does not wait for a backend that is slow just now.
  while (!text.includes('portico_queue_jobs{binding="queue",')) text = await scrape()

  const lines = text.split('\n')
  const emails = 'binding="queue",queue="emails"'
  for (const line of [
    `portico_queue_jobs{${emails},state="ready"} 1`, `portico_queue_jobs{${emails},state="done"} 1`, `portico_queue_jobs{${emails},state="dead"} 1`,
    `portico_queue_enqueued_total{${emails}} 3`, `portico_queue_attempts_total{${emails}} 2`, `portico_queue_done_total{${emails}} 1`, `portico_queue_failures_total{${emails}} 1`,
    `portico_queue_dead_letters_total{${emails}} 1`, `portico_queue_lost_leases_total{${emails}} 1`,
    `portico_queue_wait_duration_seconds_count{${emails}} 2`, `portico_queue_run_duration_seconds_count{${emails}} 2`,
    'portico_queue_enqueued_total{binding="queue.reports",queue="daily"} 0',
  ]) t.true(lines.includes(line), `${line}\n${text}`)
  const families = lines.filter((line) => line.startsWith('# TYPE')).map((line) => line.split(' ')[2])
  t.is(new Set(families).size, families.length, 'a family stands once')
  const series = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.slice(0, line.lastIndexOf(' ')))
  t.is(new Set(series).size, series.length, 'so does a series')
})

test('/metrics tells how locks were granted, waited for and lost', async (t) => {
  const kernel = await createKernel({ version: 1, name: 'shop', server: { host: '127.0.0.1', port: 0 }, ports: { locks: { use: 'memory' } } })
  t.teardown(() => kernel.close())
  const { url } = await kernel.listen()
  const lock = `${url}/v1/locks/orders`
  const { token } = await (await send(lock, 'POST', { ttlMs: 60_000 })).json() as { token: string }
  t.is((await send(lock, 'POST', { ttlMs: 60_000 })).status, 409)
  t.is((await send(`${lock}/_renew`, 'POST', { ttlMs: 60_000, token: 'f'.repeat(32) })).status, 409)
  const waiting = send(lock, 'POST', { ttlMs: 60_000, waitMs: 30_000 })
  const scrape = async () => (await (await fetch(`${url}/metrics`)).text()).split('\n')
  while (!(await scrape()).includes('portico_locks_waiting{binding="locks"} 1'));

  await send(`${lock}/_release`, 'POST', { token })
  t.is((await waiting).status, 200)

  const lines = await scrape()
  for (const line of ['grants_total{binding="locks"} 2', 'held_total{binding="locks"} 1', 'lost_total{binding="locks"} 1', 'waiting{binding="locks"} 0', 'wait_duration_seconds_count{binding="locks"} 2']) {
    t.true(lines.includes(`portico_locks_${line}`), `${line}\n${lines.join('\n')}`)
  }
})
