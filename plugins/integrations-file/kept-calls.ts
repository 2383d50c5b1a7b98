import { unlink } from 'node:fs/promises'
import type { Log } from '../../kernel/plugin.ts'
import { parseEntry, type Entry } from './entry.ts'
import type { Outbox } from './outbox.ts'
import { loadPosition, savePosition, type Position } from './position.ts'
import { countLines, fileNames, LineReader, pathOf } from './reader.ts'

export interface Head {
  readonly entry: Entry
  /** Where the call after it begins. */
  readonly next: number
}

/** The calls of a folder in the order in which they were kept, from a durable position on. */
export class KeptCalls {
  /** How many there were when it was opened. */
  readonly countAtStart: number
  readonly #directory: string
  readonly #outbox: Outbox
  readonly #log: Log
  #position: Position
  #reader: { readonly name: string; readonly lines: LineReader } | undefined

  private constructor(directory: string, outbox: Outbox, log: Log, position: Position, count: number) {
    this.#directory = directory
    this.#outbox = outbox
    this.#log = log
    this.#position = position
    this.countAtStart = count
  }

  /** What lies in the folder without a position was kept while nobody replayed it, and is left to whoever reads it. */
  static async open(directory: string, outbox: Outbox, log: Log): Promise<KeptCalls> {
    let position = await loadPosition(directory)
    if (!position) {
      const last = (await fileNames(directory)).at(-1)
      if (last !== undefined) log.warn({ directory, last }, 'the outbox holds calls that were kept while they were not replayed; they are left as they are')
      // After the last file's name, and before that of any later one.
      position = { file: last === undefined ? '' : `${last}~`, offset: 0 }
      await savePosition(directory, position)
    }
    return new KeptCalls(directory, outbox, log, position, await countLines(directory, position))
  }

  /** The first call that was not handed over; `written`: the next one is on its way to the disk. Files that are over are removed. */
  async head(): Promise<Head | 'written' | undefined> {
    for (;;) {
      const name = (await fileNames(this.#directory)).find((one) => one >= this.#position.file)
      if (name === undefined) return undefined
      if (name !== this.#position.file) this.#position = { file: name, offset: 0 }

      const lines = await this.#linesOf(name)
      const end = this.#outbox.durableEnd(name) ?? (await lines.size())
      const line = await lines.lineAt(this.#position.offset, end)
      if (line) {
        const entry = parseEntry(line.text)
        if (entry) return { entry, next: line.next }
        this.#log.warn({ file: name, offset: this.#position.offset }, 'passed over a line of the outbox that is no call')
        this.#position = { file: name, offset: line.next }
        continue
      }

      const letGo = await this.#outbox.release(name)
      if (letGo === 'written') return 'written'
      // What was written since the look at its end is found by another one.
      if (letGo === 'released') continue
      await this.close()
      await unlink(pathOf(this.#directory, name))
      this.#outbox.removed(end)
    }
  }

  /** True when the head was being made as the last process ended. */
  wasTried({ id }: Entry): boolean {
    return this.#position.trying === id
  }

  /** The head is about to be made, and must not be made twice. */
  async noteTrying({ id }: Entry): Promise<void> {
    await this.#save({ ...this.#position, trying: id })
  }

  /** The head surely was not done, and may be made again. */
  async noteNotDone(): Promise<void> {
    await this.advance(this.#position.offset)
  }

  /** The calls before `offset` are done with. */
  async advance(offset: number): Promise<void> {
    await this.#save({ file: this.#position.file, offset })
  }

  async close(): Promise<void> {
    await this.#reader?.lines.close()
    this.#reader = undefined
  }

  async #linesOf(name: string): Promise<LineReader> {
    if (this.#reader?.name === name) return this.#reader.lines
    await this.close()
    const lines = await LineReader.open(pathOf(this.#directory, name))
    this.#reader = { name, lines }
    return lines
  }

  async #save(position: Position): Promise<void> {
    await savePosition(this.#directory, position)
    this.#position = position
  }
}
