import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Call } from '../../kernel/plugin.ts'
import type { MongoConnection, MongoDocument } from '../../kernel/ports/mongodb/index.ts'
import type { JobRow, ScheduleName, ScheduleRow } from '../../kernel/ports/queue/index.ts'
import { type HiddenJobs, isHidden, type Tick } from './hidden.ts'
import type { Places } from './places.ts'

/** The revision of a schedule that is not made yet; theirs begin at 1. */
const unmade = 0

/** A schedule as `toDocument` makes it; `added` is the batch of the tick that this change was of. */
interface Kept extends ScheduleRow {
  readonly fence: string
  readonly added?: string
}

/** Another's jobs of the same tick are waited for this often, so long each time. */
const looks = 25
const lookMs = 20

/**
 * The schedules of a binding, a document each. The jobs of a tick are hidden; then the change of the schedule's document, which names
 * their batch, says that they are added, or another's change came first, and they are removed; then they are shown. Whoever changes the
 * document next shows them first, so that nothing it says is lost. Every version has a fence of its own: who settles a batch whose
 * writer is gone changes the fence, so that the writer, if it is only slow, cannot add it after all.
 */
export class Schedules {
  readonly #connection: MongoConnection
  readonly #places: Places
  readonly #hidden: HiddenJobs

  constructor(connection: MongoConnection, places: Places, hidden: HiddenJobs) {
    this.#connection = connection
    this.#places = places
    this.#hidden = hidden
  }

  async find(only: ScheduleName | undefined, call: Call): Promise<readonly ScheduleRow[]> {
    return (await this.#connection.find(this.#places.schedules, { revision: { $gt: unmade }, ...(only && { _id: idOf(only) }) }, {}, call)).map(toRow)
  }

  /** Makes one that is not there, and adds these jobs: a change of a document that nobody sees. */
  async make(row: ScheduleRow, jobs: readonly JobRow[], call: Call): Promise<boolean> {
    // Where it is there, it is a schedule, or was left by a writer who died.
    await this.#connection.commit([{ do: 'insert', collection: this.#places.schedules, document: { _id: idOf(row), revision: unmade, fence: randomUUID() } }], call)
    return this.change(row, unmade, jobs, call)
  }

  /** Changes one that is at `expected` still, and adds these jobs; what a tick added before is left out. */
  async change(row: ScheduleRow, expected: number, jobs: readonly JobRow[], call: Call): Promise<boolean> {
    let left = jobs
    for (let look = 0; look < looks; look++) {
      const tick = await this.#at(row, expected, call)
      if (!tick) return false
      if (left.length === 0) return this.#replace(tick, toDocument(row), call)
      const batch = await this.#hidden.name(call)
      const refusal = await this.#hidden.hide(batch, left, tick, call)
      if (!refusal) return this.#decide(tick, row, batch, left, call)

      const there = await this.#there(left, call)
      left = left.filter(({ id }) => !there.has(id))
      if (there.size === 0) await sleep(lookMs)
    }
    return false
  }

  async drop(row: ScheduleRow, call: Call): Promise<boolean> {
    const tick = await this.#at(row, row.revision, call)
    if (!tick) return false
    return (await this.#connection.commit([{ do: 'delete', ...this.#target(tick) }], call)) === undefined
  }

  /** Shows the jobs of a tick whose writer is late, or gives them up. */
  async settle(batch: string, tick: Tick, call: Call): Promise<void> {
    await this.#connection.change(this.#places.schedules, [{ filter: this.#target(tick).filter, set: { fence: randomUUID() } }], call)
    const found = await this.#connection.get(this.#places.schedules, tick.schedule, call)
    if (found?.['added'] === batch) await this.#hidden.showAll(batch, call)
    else await this.#hidden.remove(batch, call)
  }

  /** The ids of those that were added before, and not by a writer who may still take them back. */
  async #there(rows: readonly JobRow[], call: Call): Promise<ReadonlySet<string>> {
    const found = await this.#connection.find(this.#places.jobs, { _id: { $in: rows.map(({ id }) => id) } }, { only: ['batch'] }, call)
    return new Set(found.filter((document) => !isHidden(document)).map(({ _id }) => _id))
  }

  async #decide(tick: Tick, row: ScheduleRow, batch: string, jobs: readonly JobRow[], call: Call): Promise<boolean> {
    if (!(await this.#replace(tick, { ...toDocument(row), added: batch }, call))) {
      await this.#hidden.remove(batch, call)
      return false
    }
    // They are added, whatever happens now: who meets them later shows what is not shown.
    await this.#hidden.show(batch, jobs, call).catch(() => undefined)
    return true
  }

  /** What changes this version alone, all of whose jobs are shown; undefined when the schedule is at another revision, or gone. */
  async #at(row: ScheduleRow, revision: number, call: Call): Promise<Tick | undefined> {
    const schedule = idOf(row)
    const found = await this.#connection.get(this.#places.schedules, schedule, call)
    if (found?.['revision'] !== revision) return undefined
    const { fence, added } = found as unknown as Kept
    if (added !== undefined) await this.#hidden.showAll(added, call)
    return { schedule, fence }
  }

  async #replace(tick: Tick, document: MongoDocument, call: Call): Promise<boolean> {
    return (await this.#connection.commit([{ do: 'replace', ...this.#target(tick), document }], call)) === undefined
  }

  #target({ schedule, fence }: Tick) {
    return { collection: this.#places.schedules, filter: { _id: schedule, fence } }
  }
}

function idOf({ queue, name }: ScheduleName): string {
  // No queue's name has a slash.
  return `${queue}/${name}`
}

function toDocument({ nextAt, ...row }: ScheduleRow): MongoDocument {
  return { _id: idOf(row), ...row, ...(nextAt !== undefined && { nextAt }), fence: randomUUID() }
}

function toRow(document: MongoDocument): ScheduleRow {
  const { queue, name, spec, nextAt, revision } = document as unknown as Kept
  return { queue, name, spec, nextAt, revision }
}
