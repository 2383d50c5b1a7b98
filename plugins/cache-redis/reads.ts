import type { Call } from '../../kernel/plugin.ts'
import type { CacheRow } from '../../kernel/ports/cache/index.ts'
import { databaseError, type RedisConnection } from '../../kernel/ports/redis/index.ts'
import { readMany, runRead } from './many-reads.ts'
import type { Names } from './names.ts'
import { toRow } from './row.ts'
import { judgeOf, stateFields } from './state.ts'

/** One command, and above all a script, keeps the server from everything else: it looks at so many rows. */
const maxKeys = 100
/** So many reads go by the script alone once most rows of one needed it: each of them would need two trips. */
const readsByScript = 50

/** So many rows are read whatever they have. */
const fewKeys = 10

type Rows = readonly (CacheRow | undefined)[]
type FoundRows = (CacheRow | undefined)[]

/** One call that waits for its rows. */
interface Waiting {
  readonly keys: readonly string[]
  readonly call: Call
  readonly rows: FoundRows
  left: number
  readonly resolve: (rows: Rows) => void
  readonly reject: (error: unknown) => void
}

interface Slot {
  readonly waiting: Waiting
  readonly index: number
}

/**
 * Reads of one turn go to the server together. What the state shows to hold is answered without a script, which takes the server
 * several times as long as the three commands; of the rest, such as rows with tags of which some was invalidated since, a script judges.
 */
export class Reads {
  readonly #connection: RedisConnection
  readonly #names: Names
  #waiting: Waiting[] = []
  /** How many of the next reads go by the script alone. */
  #byScript = 0

  constructor(connection: RedisConnection, names: Names) {
    this.#connection = connection
    this.#names = names
  }

  /** The rows of the keys; of many that are large, of the first ones. */
  read(keys: readonly string[], call: Call): Promise<Rows> {
    if (keys.length === 0) return Promise.resolve([])
    if (keys.length > fewKeys) return readMany(keys, { connection: this.#connection, names: this.#names, call })
    return new Promise((resolve, reject) => {
      this.#waiting.push({ keys, call, rows: new Array<CacheRow | undefined>(keys.length), left: keys.length, resolve, reject })
      // Behind the promises that are settled in this turn: those who waited for answers that came together ask again together.
      if (this.#waiting.length === 1) queueMicrotask(() => { process.nextTick(() => { this.#send() }) })
    })
  }

  #send(): void {
    const slots: Slot[] = []
    for (const waiting of this.#waiting) for (let index = 0; index < waiting.keys.length; index += 1) slots.push({ waiting, index })
    this.#waiting = []
    for (let at = 0; at < slots.length; at += maxKeys) void this.#ask(slots.slice(at, at + maxKeys))
  }

  async #ask(slots: readonly Slot[]): Promise<void> {
    try {
      const call = callOf(slots)
      if (this.#byScript > 0) {
        this.#byScript -= 1
        return await this.#judge(slots, call)
      }
      const doubtful = await this.#look(slots, call)
      if (doubtful.length * 2 > slots.length) this.#byScript = readsByScript
      if (doubtful.length > 0) await this.#judge(doubtful, call)
    } catch (error) {
      for (const { waiting } of slots) waiting.reject(error)
    }
  }

  /** Settles what is not there and what surely holds; answers the rest. */
  async #look(slots: readonly Slot[], call: Call): Promise<readonly Slot[]> {
    const connection = this.#connection
    const run = connection.serverRun
    // In this order: an invalidation that the state does not show had not come when the rows were read.
    const replies = await connection.commands([['MGET', ...slots.map((slot) => this.#names.row(keyOf(slot)))], ['HMGET', this.#names.state, ...stateFields], ['TIME']], 'read', call)
    const [texts, state, time] = replies as readonly [readonly (string | null)[], readonly (string | null)[], readonly [string, string]]
    const nowMs = Number(time[0]) * 1_000 + Math.floor(Number(time[1]) / 1_000)
    const surely = judgeOf(state, run)
    return slots.filter((slot, at) => {
      const text = texts[at] ?? null
      if (text !== null && !surely(text)) return true
      settle(slot, text, nowMs)
      return false
    })
  }

  async #judge(slots: readonly Slot[], call: Call): Promise<void> {
    const [nowMs, texts] = await runRead(slots.map(keyOf), { connection: this.#connection, names: this.#names, call }, { rowsAtOnce: maxKeys, enoughBytes: Number.MAX_SAFE_INTEGER })
    for (const [at, slot] of slots.entries()) settle(slot, texts[at] ?? null, nowMs)
  }
}

function keyOf({ waiting, index }: Slot): string {
  return waiting.keys[index] ?? ''
}

function settle({ waiting, index }: Slot, text: string | null, nowMs: number): void {
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
