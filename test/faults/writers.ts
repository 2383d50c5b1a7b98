import { setTimeout as sleep } from 'node:timers/promises'
import { isPorticoError } from '../../kernel/index.ts'
import type { Bound } from '../../kernel/binding/bound.ts'

type Storage = Bound['storage']

export const callTimeoutMs = 3_000
/** So long after the backend is back the writers give up. */
const patienceMs = 60_000
const collection = 'counters'

/** What was told about the increments of one record. */
interface Tally {
  readonly id: string
  acknowledged: number
  unknown: number
  refused: number
}

export interface Told {
  readonly tallies: readonly Tally[]
  /** How often each code was answered. */
  readonly codes: ReadonlyMap<string, number>
  /** Errors that were no PorticoError. */
  readonly untyped: readonly unknown[]
  readonly longestMs: number
  /** From when the backend was back to the first increment after it. */
  readonly recoveredMs: number
}

/** Codes that say that the write may or may not be there. */
const unknownCodes = new Set(['STORAGE_OUTCOME_UNKNOWN', 'CALL_OUTCOME_UNKNOWN', 'DATABASE_OUTCOME_UNKNOWN'])

/** One increment in so many is of the record that all writers share. */
const sharedOf = 4

/**
 * `writers` increment a record each by units of work, and now and then one that they share, while `disturb` does its harm;
 * they go on until an increment is acknowledged after it.
 */
export async function underWriters(storage: Storage, writers: number, disturb: () => Promise<void>): Promise<Told> {
  const tallyOf = (id: string): Tally => ({ id, acknowledged: 0, unknown: 0, refused: 0 })
  const own = Array.from({ length: writers }, (_, at) => tallyOf(`w${at}`))
  const shared = tallyOf('shared')
  const tallies = [...own, shared]
  for (const { id } of tallies) await storage.put({ collection, id, value: { n: 0 } })

  const codes = new Map<string, number>()
  const untyped: unknown[] = []
  let longestMs = 0
  let backAtMs = Infinity
  let recoveredAtMs = Infinity
  let stopped = false

  const increment = async (tally: Tally): Promise<void> => {
    const startedMs = performance.now()
    try {
      await storage.unit(async (unit) => {
        // What is left of the unit's: a read that a repeated unit begins late must not have a whole deadline of its own.
        const leftMs = Math.max(1, startedMs + callTimeoutMs - performance.now())
        const { value } = await storage.get({ collection, id: tally.id }, { unit, timeoutMs: Math.ceil(leftMs) })
        await storage.put({ collection, id: tally.id, value: { n: Number(value['n']) + 1 } }, { unit })
      }, { timeoutMs: callTimeoutMs })
      tally.acknowledged++
      if (startedMs >= backAtMs) recoveredAtMs = Math.min(recoveredAtMs, performance.now())
    } catch (error) {
      if (!isPorticoError(error)) untyped.push(error)
      else {
        codes.set(error.code, (codes.get(error.code) ?? 0) + 1)
        if (unknownCodes.has(error.code)) tally.unknown++
        else tally.refused++
      }
      await sleep(20)
    }
    longestMs = Math.max(longestMs, performance.now() - startedMs)
  }
  const working = Promise.all(own.map(async (tally, at) => {
    for (let n = at; !stopped; n++) await increment(n % sharedOf === 0 ? shared : tally)
  }))

  await sleep(500)
  await disturb()
  backAtMs = performance.now()
  const giveUpMs = backAtMs + patienceMs
  while (recoveredAtMs === Infinity && performance.now() < giveUpMs) await sleep(20)
  await sleep(500)
  stopped = true
  await working
  return { tallies, codes, untyped, longestMs, recoveredMs: recoveredAtMs - backAtMs }
}

/** What is wrong with the records after it all: an acknowledged increment that is lost, or one that is there twice. */
export async function wrongs(storage: Storage, { tallies }: Told): Promise<readonly string[]> {
  const found: string[] = []
  for (const { id, acknowledged, unknown } of tallies) {
    const { value } = await storage.get({ collection, id })
    const n = Number(value['n'])
    if (n < acknowledged) found.push(`${id}: ${acknowledged - n} acknowledged increments are lost`)
    if (n > acknowledged + unknown) found.push(`${id}: ${n - acknowledged - unknown} increments are there that were refused, or twice`)
  }
  return found
}
