import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { callers, inTurn, type Order, type Task, tasks, type Urls } from '../http-cost/calls.ts'
import type { Case, Figure } from '../figure.ts'
import { median } from '../measure.ts'
import { testDatabase } from '../../test/contract/test-database.ts'

const backends = [
  { name: 'SQLite', url: 'sqlite:' },
  { name: 'PostgreSQL', url: process.env['PORTICO_TEST_POSTGRES_URL'] },
  { name: 'MariaDB', url: process.env['PORTICO_TEST_MARIADB_URL'] },
]

const calls = { get: 2_000, put: 1_000, find: 600 } as const
const rounds = 7
const atMostUs = 60

const httpCost: Case = {
  name: 'what HTTP adds to a call: CPU of the server process, beyond the same call in process',
  async run() {
    const figures: Figure[] = []
    for (const { name, url } of backends) {
      if (url === undefined) console.log(`  ${name}: its URL is not set, not measured`)
      else figures.push(...(await measure(name, url)))
    }
    return figures
  },
}

export default httpCost

async function measure(name: string, url: string): Promise<readonly Figure[]> {
  const database = await testDatabase(url)
  const server = fork(fileURLToPath(new URL('../http-cost/server-process.ts', import.meta.url)), [JSON.stringify(database.connection)])
  const agent = new Agent({ keepAlive: true, maxSockets: callers })
  try {
    // What it sends first.
    const urls = (await answerOf(server)) as Urls
    const figures: Figure[] = []
    for (const task of Object.keys(tasks) as Task[]) figures.push(await added(`${name}: ${task}`, server, agent, urls, task))
    return figures
  } finally {
    agent.destroy()
    const ended = once(server, 'exit')
    server.disconnect()
    await ended
    await database.drop()
  }
}

/** Both in turn, and the median of the rounds' differences: what disturbs the machine for a while disturbs both. */
async function added(name: string, server: ChildProcess, agent: Agent, urls: Urls, task: Task): Promise<Figure> {
  const count = calls[task]
  const served = async (url: string) => {
    const before = await ask(server, 'usage')
    await inTurn(count, (number) => send(agent, url, task, number))
    return ((await ask(server, 'usage')) - before) / count
  }

  const found: { readonly http: number; readonly inProcess: number; readonly bare: number }[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const one = { http: await served(urls.portico), inProcess: (await ask(server, { task, calls: count })) / count, bare: await served(urls.bare) }
    if (round > 0) found.push(one)
  }
  const middle = (of: keyof (typeof found)[number]) => median(found.map((one) => one[of])).toFixed(0)
  const value = median(found.map((one) => one.http - one.inProcess))
  return { name, value, unit: 'µs', atMost: atMostUs, of: `${middle('http')} against ${middle('inProcess')} µs; node:http alone ${middle('bare')} µs` }
}

async function ask(server: ChildProcess, order: Order): Promise<number> {
  server.send(order)
  return Number(await answerOf(server))
}

/** The next message; a process that ends instead has told why on its own output. */
async function answerOf(server: ChildProcess): Promise<unknown> {
  const ended = new AbortController()
  const exited = once(server, 'exit', { signal: ended.signal }).then(() => { throw new Error('the server process ended') })
  try {
    const [message] = (await Promise.race([once(server, 'message'), exited])) as [unknown]
    return message
  } finally {
    ended.abort()
    exited.catch(() => undefined)
  }
}

function send(agent: Agent, base: string, task: Task, number: number): Promise<void> {
  const { method, path, body } = tasks[task](number)
  return new Promise((resolve, reject) => {
    const sent = request(`${base}/v1/storage${path}`, { agent, method, ...(body !== undefined && { headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }) }, (response) => {
      if (response.statusCode === 200) response.resume().on('end', resolve)
      else void text(response).then((problem) => { reject(new Error(`${method} ${path}: ${String(response.statusCode)} ${problem}`)) })
    })
    sent.on('error', reject).end(body)
  })
}
