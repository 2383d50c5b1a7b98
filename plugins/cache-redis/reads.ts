import type { Call } from '../../kernel/plugin.ts'
import type { CacheRow } from '../../kernel/ports/cache/index.ts'
import { databaseError, type RedisConnection } from '../../kernel/ports/redis/index.ts'
import type { Names } from './names.ts'
import { toRow } from './row.ts'
import { readScript } from './scripts/rows.ts'

/** A script keeps the server from everything else: it looks at so many rows. */
const maxKeys = 100

type Rows = (CacheRow | undefined)[]

/** One call that waits for its rows. */
interface Waiting {
  readonly keys: readonly string[]
  readonly call: Call
  readonly rows: Rows
  left: number
  readonly resolve: (rows: Rows) => void
  readonly reject: (error: unknown) => void
}

interface Slot {
  readonly waiting: Waiting
  readonly index: number
}

/** Reads of one turn go to the server together, as few scripts: a row costs it little more than in an MGET. */
export class Reads {
  readonly #connection: RedisConnection
  readonly #names: Names
  #waiting: Waiting[] = []

  constructor(connection: RedisConnection, names: Names) {
    this.#connection = connection
    this.#names = names
  }

  read(keys: readonly string[], call: Call): Promise<Rows> {
    if (keys.length === 0) return Promise.resolve([])
    return new Promise((resolve, reject) => {
      this.#waiting.push({ keys, call, rows: new Array<CacheRow | undefined>(keys.length), left: keys.length, resolve, reject })
      // Behind the promises that are settled in this turn: those who waited for answers that came together ask again together.
      if (this.#waiting.length === 1) queueMicrotask(() => { process.nextTick(() => { this.#send() }) })
    })
  }

  #send(): void {
    const slots = this.#waiting.flatMap((waiting) => waiting.keys.map((_, index): Slot => ({ waiting, index })))
    this.#waiting = []
    for (let at = 0; at < slots.length; at += maxKeys) void this.#ask(slots.slice(at, at + maxKeys))
  }

  async #ask(slots: readonly Slot[]): Promise<void> {
    const keys = slots.map(({ waiting, index }) => waiting.keys[index] ?? '')
    try {
      const reply = await this.#connection.run(readScript, [this.#names.state, ...keys.map((key) => this.#names.row(key))], [...keys, this.#connection.serverRun], callOf(slots))
      // What the script answers: the time, and a text or null for each key.
      const [nowMs, ...texts] = reply as readonly [number, ...(string | null)[]]
      for (const [at, { waiting, index }] of slots.entries()) settle(waiting, index, texts[at] ?? null, nowMs)
    } catch (error) {
      for (const { waiting } of slots) waiting.reject(error)
    }
  }
}

function settle(waiting: Waiting, index: number, text: string | null, nowMs: number): void {
  try {
    waiting.rows[index] = text === null ? undefined : toRow(text, nowMs)
    waiting.left -= 1
    if (waiting.left === 0) waiting.resolve(waiting.rows)
  } catch (cause) {
    waiting.reject(databaseError('cache', 'failed', 'a row is not as this driver writes them', cause))
  }
}

/** As long as the one that has the most time: the others' own deadlines end them before. */
function callOf(slots: readonly Slot[]): Call {
  const [first, ...others] = slots
  if (!first) throw new TypeError('there is nothing to read')
  return others.reduce((longest, { waiting: { call } }) => (call === longest || call.remainingMs() <= longest.remainingMs() ? longest : call), first.waiting.call)
}
