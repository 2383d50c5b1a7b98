import { spawn, type ChildProcess } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { startServer, type ServerProcess } from '../tools/server-process.ts'
import { databaseOf } from '../services/server.ts'
import { applicationFolder, send } from './server.ts'
import { queueKills as kills } from './size.ts'
import { withServers } from './with-servers.ts'

const workers = 3
const leaseMs = 1_000
const cli = join(import.meta.dirname, '../../kernel/cli/portico.ts')

interface Heard {
  readonly leased: Map<string, number>
  readonly acked: Map<string, number>
  readonly refused: Map<string, string[]>
}

/** Where a server always listens on one port, so that workers find it again. */
interface Place {
  readonly directory: string
  readonly port: number
}

const onSqlite: object = { use: 'sqlite', with: { file: 'data/faults.db' } }

async function placeOnPort(t: ExecutionContext, connection = onSqlite): Promise<Place> {
  const directory = await applicationFolder(t)
  const port = await freePort()
  await writeFile(join(directory, 'infra.config.yaml'), `
version: 1
name: faults
connections: { main: ${JSON.stringify(connection)} }
ports:
  queue: { on: main, queues: { orders: { attempts: 1000, maxCrashes: 1000 } } }
`)
  return { directory, port }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => probe.once('listening', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return port
}

async function serveOn(t: ExecutionContext, { directory, port }: Place): Promise<ServerProcess> {
  const server = await startServer({ cli, directory, args: ['--set', 'server.logLevel=error', '--set', `server.port=${port}`] })
  t.teardown(() => server.stop('SIGKILL'))
  return server
}

/** Its whole lines are heard; a line that a kill cut in two is not. */
function startWorker(t: ExecutionContext, url: string, heard: Heard, workMs: number, lease = leaseMs): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'pulling-worker.mjs'), url, String(lease), String(workMs)], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  createInterface(child.stdout).on('line', (line) => {
    const [what, id = '', code = ''] = line.split(' ')
    if (what === 'leased') heard.leased.set(id, (heard.leased.get(id) ?? 0) + 1)
    if (what === 'acked') heard.acked.set(id, (heard.acked.get(id) ?? 0) + 1)
    if (what === 'refused') heard.refused.set(id, [...(heard.refused.get(id) ?? []), code])
  })
  return child
}

const nothingHeard = (): Heard => ({ leased: new Map(), acked: new Map(), refused: new Map() })

const title = `kill -9 of workers and of the server in mid-job, ${kills} times: no acknowledged job is lost, none is acknowledged twice, every one is done`

test.serial(`sqlite: ${title}`, (t) => killInMidJob(t, onSqlite))

for (const name of ['POSTGRES', 'MARIADB', 'REDIS'] as const) {
  withServers([name], `${name.toLowerCase()}: ${title}`, async (t, url) => killInMidJob(t, (await databaseOf(t, url)).connection))
}

async function killInMidJob(t: ExecutionContext, connection: object): Promise<void> {
  t.timeout(Math.max(180_000, kills * 8_000))
  const place = await placeOnPort(t, connection)
  const url = `http://127.0.0.1:${place.port}`
  let server = await serveOn(t, place)
  const heard = nothingHeard()
  const crew = Array.from({ length: workers }, () => startWorker(t, url, heard, 40))
  const added = new Set<string>()
  let adding = true
  const producer = (async () => {
    for (let n = 0; adding; n++) {
      const key = `k${n}`
      // The same key until it is answered: what was added without an answer is not added again.
      for (let answered = false; !answered && adding;) {
        const answer = await send<{ id: string }>(`${url}/v1/queue/orders/jobs`, 'POST', { payload: n, idempotencyKey: key }).catch(() => undefined)
        answered = answer?.status === 201 || answer?.status === 200
        if (answered && answer) added.add(answer.body.id)
        else await sleep(50)
      }
      await sleep(15)
    }
  })()

  let caught = 0
  for (let kill = 0; kill < kills; kill++) {
    await sleep(200 + Math.random() * 200)
    // However slow the machine starts a server: something goes on between two kills.
    while (added.size <= kill + 1) await sleep(20)
    if (kill % 2 === 0) {
      await server.stop('SIGKILL')
      server = await serveOn(t, place)
      continue
    }
    const at = kill % workers
    const before = heard.leased.size - heard.acked.size
    crew[at]?.kill('SIGKILL')
    if (before > 0) caught++
    crew[at] = startWorker(t, url, heard, 40)
  }
  adding = false
  await producer
  const counts = async () => (await send<{ ready: number; scheduled: number; active: number; done: number; dead: number }>(`${url}/v1/queue/orders`, 'GET')).body
  for (let left = await counts(); left.ready + left.scheduled + left.active > 0; left = await counts()) await sleep(200)
  await sleep(300)

  const states = await Promise.all([...added].map(async (id) => (await send<{ state: string }>(`${url}/v1/queue/orders/jobs/${id}`, 'GET')).body.state))
  const end = await counts()
  const twice = [...heard.acked.values()].filter((times) => times > 1).length
  t.log(`${kills} kills (${caught} of workers that held jobs), ${added.size} enqueues acknowledged, ${heard.acked.size} acks heard, ${twice} of them twice, ${[...heard.refused.values()].flat().length} verbs refused; ${end.done} done and ${end.dead} dead at the end`)
  t.true(added.size > kills)
  t.true(states.every((state) => state === 'done'))
  t.is(twice, 0)
  t.deepEqual([...new Set([...heard.refused.values()].flat())].filter((code) => code !== 'QUEUE_LEASE_LOST'), [])
  t.is(end.done, added.size)
}

test.serial('a worker that is stopped past its lease finds it lost, and its job was run elsewhere', async (t) => {
  t.timeout(180_000)
  const place = await placeOnPort(t)
  const url = `http://127.0.0.1:${place.port}`
  await serveOn(t, place)
  const [stalled, steady] = [nothingHeard(), nothingHeard()]
  const { body: { id } } = await send<{ id: string }>(`${url}/v1/queue/orders/jobs`, 'POST', { payload: 1 })

  const child = startWorker(t, url, stalled, 4_000, 3_000)
  while (stalled.leased.size === 0) await sleep(10)
  child.kill('SIGSTOP')
  startWorker(t, url, steady, 0, 3_000)
  while (!steady.acked.has(id)) await sleep(20)
  child.kill('SIGCONT')
  while (stalled.refused.size + stalled.acked.size === 0) await sleep(20)

  t.log(`1 worker stopped past its lease: ${stalled.acked.size} of its acks taken, ${stalled.refused.get(id)?.length ?? 0} refused; its job done by another`)
  t.deepEqual(stalled.refused.get(id), ['QUEUE_LEASE_LOST'])
  const { body: job } = await send<{ state: string; attempt: number; crashes: number }>(`${url}/v1/queue/orders/jobs/${id}`, 'GET')
  t.like(job, { state: 'done', attempt: 2, crashes: 1 })
})
