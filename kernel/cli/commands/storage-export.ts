import { resolve } from 'node:path'
import { createHash, type Hash } from 'node:crypto'
import { isPorticoError } from '../../errors.ts'
import type { CommonFlags } from '../options.ts'
import { wordsOfThrown } from '../../thrown.ts'
import { InputError, type ExitStatus, type Outcome, writeOutcome } from '../outcome.ts'
import { continueFile, newFile, readWritten, streamTarget, type Target, type Written } from '../transfer/export-file.ts'
import { type Counts, headerLine, recordLine, trailerLine } from '../transfer/format.ts'
import { FlatHeap } from '../transfer/heap.ts'
import { type OpenStorage, withStorage } from '../transfer/open.ts'
import { Progress } from '../transfer/progress.ts'
import type { Terminal } from '../terminal.ts'

export interface ExportFlags extends CommonFlags {
  readonly out?: string
  readonly collection?: readonly string[]
  readonly resume?: boolean
}

/** A page may have to wait for a backend that is busy. */
const callTimeoutMs = 300_000

/** Writes the records of a storage binding as lines of JSON; on standard output nothing else is written. */
export async function storageExport(flags: ExportFlags, binding: string, terminal: Terminal): Promise<Outcome | ExitStatus> {
  const file = flags.out === undefined || flags.out === '-' ? undefined : flags.out
  if (flags.resume && file === undefined) throw new InputError('--resume continues a file; name it with --out')

  const outcome = await withStorage(flags, binding, terminal, (open) => exportAll(open, { file, resume: flags.resume ?? false }, terminal))
  if (file !== undefined) return outcome
  const aside = { ...terminal, out: terminal.err, paint: terminal.paintErr }
  return writeOutcome(outcome, aside, flags.json ?? false)
}

interface Where {
  readonly file: string | undefined
  readonly resume: boolean
}

async function exportAll(open: OpenStorage, { file, resume }: Where, terminal: Terminal): Promise<Outcome> {
  const path = file === undefined ? '' : resolve(terminal.directory, file)
  const before = file !== undefined && resume ? await readWritten(path, file) : undefined
  if (file !== undefined && before?.header) refuseOther(before.header.binding, before.header.collections, open, file)
  const done = before?.end
  if (done) return outcomeOf(open, file, done.collections, done.sha256, done.records)

  const target = file === undefined ? streamTarget(terminal.output) : before ? await continueFile(path, file, before.bytes) : await newFile(path, file)
  const progress = new Progress(terminal.progress)
  const writing = new Writing(open, target, before, progress)
  try {
    const sha256 = await writing.run()
    return outcomeOf(open, file, writing.counts(), sha256, writing.before)
  } catch (error) {
    if (!isPorticoError(error) || error.code === 'KERNEL_BUG' || file === undefined) throw error
    throw new InputError(`the export stopped: ${wordsOfThrown(error)}; --resume goes on after what ${file} has`, { cause: error.cause })
  } finally {
    progress.end()
    await target.close()
  }
}

/** One run, from where an earlier one was broken off. */
class Writing {
  /** Records that the file had already. */
  readonly before: number
  readonly #open: OpenStorage
  readonly #target: Target
  readonly #earlier: Written | undefined
  readonly #counts: Map<string, number>
  readonly #hash: Hash
  readonly #progress: Progress
  readonly #heap = new FlatHeap()
  #written = 0

  constructor(open: OpenStorage, target: Target, earlier: Written | undefined, progress: Progress) {
    this.#open = open
    this.#target = target
    this.#earlier = earlier
    this.#counts = new Map(open.chosen.map((name) => [name, earlier?.counts.get(name) ?? 0]))
    this.#hash = earlier?.hash ?? createHash('sha256')
    this.#progress = progress
    this.before = [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
  }

  counts(): Counts {
    return Object.fromEntries(this.#counts)
  }

  /** Answers the SHA-256 of all lines but the last. */
  async run(): Promise<string> {
    const { chosen } = this.#open
    const expected = this.#earlier?.header?.collections ?? (await this.#begin())
    const total = Object.values(expected).reduce((sum, count) => sum + count, 0)

    const last = this.#earlier?.last
    for (const collection of last ? chosen.slice(chosen.indexOf(last.collection)) : chosen) {
      await this.#collection(collection, collection === last?.collection ? last.id : undefined, total)
    }
    const collections = this.counts()
    const records = this.before + this.#written
    const sha256 = this.#hash.digest('hex')
    await this.#target.write(trailerLine({ records, collections, sha256 }))
    return sha256
  }

  async #begin(): Promise<Counts> {
    const { name, binding, storage, chosen } = this.#open
    const collections: Record<string, number> = {}
    for (const collection of chosen) collections[collection] = (await storage.count({ collection }, { timeoutMs: callTimeoutMs })).count
    const { steps } = await storage.migrationPlan({ timeoutMs: callTimeoutMs })
    const been = steps.flatMap(({ name: step, sha256, finishedAt }) => (sha256 !== undefined && finishedAt !== undefined ? [{ name: step, sha256 }] : []))
    await this.#write(headerLine({ name, binding, exportedAt: new Date().toISOString(), collections, steps: been }))
    return collections
  }

  async #collection(collection: string, from: string | undefined, total: number): Promise<void> {
    const { storage } = this.#open
    for (let after: string | null | undefined = from; after !== null;) {
      const page = await storage.exportRecords({ collection, ...(after !== undefined && { after }) }, { timeoutMs: callTimeoutMs })
      await this.#write(page.records.map((record) => recordLine(collection, record)).join(''))
      this.#counts.set(collection, (this.#counts.get(collection) ?? 0) + page.records.length)
      this.#written += page.records.length
      this.#heap.passed(this.#written)
      this.#progress.show(`exporting ${collection}`, this.#written, total === 0 ? undefined : (this.before + this.#written) / total)
      after = page.next
    }
  }

  async #write(text: string): Promise<void> {
    if (text === '') return
    this.#hash.update(text)
    await this.#target.write(text)
  }
}

/** What is continued must be the same export. */
function refuseOther(binding: string, collections: Counts, open: OpenStorage, file: string): void {
  if (binding === open.binding && Object.keys(collections).sort().join() === open.chosen.join()) return
  throw new InputError(`${file} is an export of ${binding} with ${Object.keys(collections).join(', ')}; name the same collections, or another file`)
}

function outcomeOf({ binding }: OpenStorage, file: string | undefined, collections: Counts, sha256: string, resumed: number): Outcome {
  const records = Object.values(collections).reduce((sum, count) => sum + count, 0)
  return {
    status: 0,
    json: { binding, file: file ?? '-', records, collections, resumed, sha256 },
    text: (paint) => {
      const each = Object.entries(collections).map(([name, count]) => `${name} ${count.toLocaleString('en')}`).join(', ')
      const earlier = resumed === 0 ? '' : resumed === records ? '; it was whole already' : `; ${resumed.toLocaleString('en')} of them were there already`
      return `${paint('green', `${records.toLocaleString('en')} records`)} of ${binding} in ${file ?? 'standard output'}: ${each}${earlier}\n`
    },
  }
}
