import type { CacheDriver, Soon } from '../../../../kernel/ports/cache/index.ts'
import { databaseError } from '../../../../kernel/ports/sql/index.ts'
import { LruCache } from '../../../../plugins/cache-lru/driver.ts'
import type { VirtualClock } from '../../../contract/clock.ts'

/** A driver whose backend is there, fails, does not answer, or does what it is told and answers too late. */
export class Frail {
  mode: 'up' | 'fails' | 'hangs' | 'late' = 'up'
  /** What it says no to, and will each time. */
  refuses: (what: string) => boolean = () => false
  /** What it answers never, whatever its mode is. */
  stalls: (what: string) => boolean = () => false
  readonly asked: string[] = []
  readonly backend: LruCache
  readonly driver: CacheDriver

  constructor(clock: VirtualClock) {
    const backend = (this.backend = new LruCache({ maxSizeBytes: 64 * 1024 ** 2, maxEntries: undefined }, clock))
    const ask = <T>(what: string, send: () => Soon<T>): Promise<T> => this.#answer(what, async () => send())
    this.driver = {
      read: (keys) => ask(`read ${keys.join()}`, () => backend.read(keys)),
      write: (entry) => ask(`write ${entry.key}`, () => backend.write(entry)),
      delete: (key) => ask(`delete ${key}`, () => backend.delete(key)),
      invalidate: (selection) => ask(`invalidate ${JSON.stringify(selection)}`, () => backend.invalidate(selection)),
      beginFill: (want) => ask(`beginFill ${want.key}`, () => backend.beginFill(want)),
      endFill: (key, fill) => ask(`endFill ${key}`, () => backend.endFill(key, fill)),
    }
  }

  async #answer<T>(what: string, send: () => Promise<T>): Promise<T> {
    this.asked.push(what)
    if (this.refuses(what)) throw databaseError('cache', 'failed', 'it does not fit')
    if (this.mode === 'fails') throw new Error('down')
    if (this.mode === 'hangs' || this.stalls(what)) return new Promise<never>(() => undefined)
    if (this.mode === 'up') return send()
    await send()
    return new Promise<never>(() => undefined)
  }
}

/** What happens behind answers, until nothing more does. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
