import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'
import { databaseOf, type ServerName } from '../services/server.ts'
import { lockStops as stops, pauseMs, rounds } from './size.ts'
import { withServers } from './with-servers.ts'

const run = promisify(execFile)
const contenders = 3
const ttlMs = 400
const program = join(import.meta.dirname, 'contending-process.ts')

/** One time that a process held the lock, in milliseconds of a clock that all processes share. */
interface Held {
  readonly process: number
  readonly fencingToken: number
  /** From the answer to `acquire` until its release was sent, or its time was over. */
  readonly fromMs: number
  readonly untilMs: number
  /** The write under its fence. */
  readonly sentMs: number
  readonly writtenMs: number
  readonly written: string
  readonly released: string
}

interface Backend {
  readonly title: string
  /** Where the locks are, and last, where what they guard is. */
  readonly servers: readonly ServerName[]
}

const backends: readonly Backend[] = [
  { title: 'sqlite', servers: [] },
  { title: 'postgres', servers: ['POSTGRES'] },
  { title: 'mariadb', servers: ['MARIADB'] },
  { title: 'redis', servers: ['REDIS', 'POSTGRES'] },
]

class Contenders {
  readonly held: Held[] = []
  readonly codes = new Map<string, number>()
  readonly #children: readonly ChildProcess[]
  #onGrant: ((child: ChildProcess) => void) | undefined

  constructor(t: ExecutionContext, args: readonly string[]) {
    this.#children = Array.from({ length: contenders }, (_, process) => this.#start(t, process, args))
  }

  /** Until each got the lock once. */
  async begun(): Promise<void> {
    while (new Set(this.held.map((one) => one.process)).size < contenders) await sleep(20)
  }

  /** Stops whoever is granted the lock next, as soon as that is known. */
  async stopHolder(forMs: number): Promise<void> {
    const child = await new Promise<ChildProcess>((resolve) => { this.#onGrant = resolve })
    child.kill('SIGSTOP')
    await sleep(forMs)
    child.kill('SIGCONT')
  }

  times(code: string): number {
    return this.codes.get(code) ?? 0
  }

  async end(): Promise<void> {
    await Promise.all(this.#children.map(async (child) => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }))
  }

  #start(t: ExecutionContext, process: number, args: readonly string[]): ChildProcess {
    const child = spawn(globalThis.process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    t.teardown(() => child.kill('SIGKILL'))
    createInterface(child.stdout).on('line', (line) => {
      const told = JSON.parse(line) as Partial<Held> & { readonly failed?: string; readonly granted?: number }
      if (told.granted !== undefined) this.#onGrant?.(child)
      if (told.fencingToken !== undefined) this.held.push({ ...(told as Held), process })
      for (const code of [told.failed, told.written, told.released]) if (code !== undefined) this.codes.set(code, (this.codes.get(code) ?? 0) + 1)
    })
    return child
  }
}

/** `expiresInMs` counts from when the answer is given: on a busy machine it may lie there for so long before its caller goes on. */
const unreadMs = 25

/** What must never be, whatever stalled or died. */
function wrongs(held: readonly Held[]): readonly string[] {
  const byTime = held.toSorted((a, b) => a.fromMs - b.fromMs)
  const inTurn = byTime.slice(1).map((later, at) => ({ earlier: byTime[at] as Held, later }))
  const told = held.filter(({ written }) => written === 'written')
  return [
    ...inTurn.filter(({ earlier, later }) => later.fromMs < earlier.untilMs - unreadMs).map(({ earlier, later }) => `${later.fencingToken} was granted ${(earlier.untilMs - later.fromMs).toFixed(1)} ms before ${earlier.fencingToken} was over`),
    ...inTurn.filter(({ earlier, later }) => later.fencingToken <= earlier.fencingToken).map(({ earlier, later }) => `${later.fencingToken} was granted after ${earlier.fencingToken}`),
    ...told.flatMap((late) => told.filter((newer) => newer.fencingToken > late.fencingToken && newer.writtenMs < late.sentMs).map((newer) => `${late.fencingToken} wrote after ${newer.fencingToken} had written`)),
  ]
}

function judge(t: ExecutionContext, what: string, { held, codes }: Contenders): void {
  t.log(`${what}: ${held.length} grants; ${[...codes].map(([code, times]) => `${code} ${times}`).join(', ')}`)
  t.deepEqual(wrongs(held), [])
  t.deepEqual([...codes.keys()].filter((code) => code.startsWith('untyped')), [])
}

for (const { title, servers } of backends) {
  const contend = async (t: ExecutionContext, locks = 'sqlite:', storage = locks) => {
    const places = [await databaseOf(t, locks), locks === storage ? undefined : await databaseOf(t, storage)] as const
    const contending = new Contenders(t, [places[0], places[1] ?? places[0]].map(({ connection }) => JSON.stringify(connection)).concat(String(ttlMs)))
    await contending.begun()
    return contending
  }

  withServers(servers, `${title}: holders that are stopped past their time, ${stops} times: another holds the lock meanwhile, and what they write after it is refused`, async (t, ...urls) => {
    t.timeout(120_000 + stops * 10_000)
    const contending = await contend(t, ...urls)
    // One that let go before the signal reached it was not met.
    for (let stop = 0; stop < 5 * stops && contending.times('LOCK_LOST') < stops; stop++) {
      await contending.stopHolder(2 * ttlMs)
      await sleep(ttlMs)
    }
    await contending.end()

    judge(t, 'stopped', contending)
    t.true(contending.times('LOCK_LOST') >= stops)
    t.true(contending.times('LOCK_FENCED') > 0)
  })

  const [service] = servers.map((name) => name.toLowerCase())
  if (service === undefined) continue
  const disturbances: readonly (() => Promise<unknown>)[] = [
    async () => { await script('kill', service); await sleep(300); await script('up', service) },
    () => script('restart', service),
    async () => { await script('pause', service); await sleep(pauseMs); await script('resume', service) },
  ]
  withServers(servers, `${title}: killed, restarted and paused under ${contenders} contenders: one holds the lock at a time, and fencing tokens grow`, async (t, ...urls) => {
    t.timeout(120_000 + rounds * 120_000)
    const contending = await contend(t, ...urls)
    for (let round = 0; round < rounds; round++) {
      for (const disturb of disturbances) {
        await disturb()
        const before = contending.held.length
        const startedMs = performance.now()
        while (contending.held.length < before + contenders && performance.now() - startedMs < 30_000) await sleep(20)
        t.true(contending.held.length >= before + contenders, `${contending.held.length - before} grants after it`)
      }
    }
    await contending.end()

    judge(t, `${3 * rounds} times`, contending)
  })
}

function script(verb: string, service: string): Promise<unknown> {
  return run(`${process.env['PORTICO_SERVICES'] ?? ''}/${verb}`, [service])
}
