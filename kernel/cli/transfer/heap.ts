import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const everyRecords = 25_000

/**
 * Keeps the memory of a process flat while records stream through it. V8 lets the space for new objects grow to 96 MiB on a large
 * machine, and looks through the rest only once it has grown by much; meanwhile dead buffers, and the table of the short strings
 * that JSON.parse met, stay. Of what streams through nothing lives on, so the space stays as it is, and the rest is looked through often.
 */
export class FlatHeap {
  readonly #collect: () => void
  #next = everyRecords

  constructor() {
    setFlagsFromString('--semi-space-growth-factor=1')
    setFlagsFromString('--expose-gc')
    // A new context is where the function appears; it collects for the whole process.
    this.#collect = runInNewContext('gc') as () => void
  }

  /** `records` went through by now. */
  passed(records: number): void {
    if (records < this.#next) return
    this.#next = records + everyRecords
    this.#collect()
  }
}
