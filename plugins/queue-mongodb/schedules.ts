import type { Call } from '../../kernel/plugin.ts'
import type { MongoConnection, MongoDocument, MongoTarget } from '../../kernel/ports/mongodb/index.ts'
import type { ScheduleRow } from '../../kernel/ports/queue/index.ts'

/** The schedules of a binding, a document each. */
export class Schedules {
  readonly #connection: MongoConnection
  readonly #collection: string

  constructor(connection: MongoConnection, collection: string) {
    this.#connection = connection
    this.#collection = collection
  }

  async all(call: Call): Promise<readonly ScheduleRow[]> {
    return (await this.#connection.find(this.#collection, {}, {}, call)).map(toRow)
  }

  async due(call: Call): Promise<number | undefined> {
    const [first] = await this.#connection.find(this.#collection, { nextAt: { $gte: 0 } }, { sort: { nextAt: 1 }, limit: 1, index: 'nextAt' }, call)
    return first && toRow(first).nextAt
  }

  async isAt(row: ScheduleRow, expected: number | undefined, call: Call): Promise<boolean> {
    const found = await this.#connection.get(this.#collection, idOf(row), call)
    return (found && toRow(found).revision) === expected
  }

  async put(row: ScheduleRow, expected: number | undefined, call: Call): Promise<boolean> {
    const document = toDocument(row)
    const step = expected === undefined ? { do: 'insert' as const, collection: this.#collection, document } : { do: 'replace' as const, ...this.#target(row, expected), document }
    return (await this.#connection.commit([step], call)) === undefined
  }

  async drop(row: ScheduleRow, call: Call): Promise<boolean> {
    return (await this.#connection.commit([{ do: 'delete', ...this.#target(row, row.revision) }], call)) === undefined
  }

  #target(row: ScheduleRow, revision: number): MongoTarget {
    return { collection: this.#collection, filter: { _id: idOf(row), revision } }
  }
}

function idOf({ queue, name }: ScheduleRow): string {
  // No queue's name has a slash.
  return `${queue}/${name}`
}

function toDocument({ nextAt, ...row }: ScheduleRow): MongoDocument {
  return { _id: idOf(row), ...row, ...(nextAt !== undefined && { nextAt }) }
}

function toRow({ _id, ...row }: MongoDocument): ScheduleRow {
  // Written by `toDocument`.
  return row as unknown as ScheduleRow
}
