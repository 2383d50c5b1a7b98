import type { Call } from '../../kernel/plugin.ts'
import type { AddedRow, ScheduleName, ScheduleRow, Seen } from '../../kernel/ports/queue/index.ts'
import type { RedisConnection, RedisReply } from '../../kernel/ports/redis/index.ts'
import { addedValues } from './rows.ts'
import { dropScheduleScript, putScheduleScript, schedulesScript } from './scripts/schedules.ts'

type Replies = readonly RedisReply[]

/** The schedules of one binding. */
export class RedisSchedules {
  readonly #connection: RedisConnection
  readonly #base: string

  constructor(connection: RedisConnection, base: string) {
    this.#connection = connection
    this.#base = base
  }

  async find(only: ScheduleName | undefined, call: Call): Promise<Seen<readonly ScheduleRow[]>> {
    const [nowMs, ...found] = (await this.#connection.run(schedulesScript, [this.#base], only ? [nameOf(only)] : [], call)) as Replies
    return { nowMs: Number(nowMs), found: found.map(toSchedule).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)) }
  }

  async put(row: ScheduleRow, expected: number | undefined, jobs: readonly AddedRow[], call: Call): Promise<boolean> {
    const values = [nameOf(row), text(expected), row.spec, String(row.revision), text(row.nextAt), ...jobs.flatMap(addedValues)]
    return (await this.#connection.run(putScheduleScript, [this.#base], values, call)) === 1
  }

  async drop(row: ScheduleRow, call: Call): Promise<boolean> {
    return (await this.#connection.run(dropScheduleScript, [this.#base], [nameOf(row), String(row.revision)], call)) === 1
  }
}

function nameOf({ queue, name }: ScheduleName): string {
  return `${queue} ${name}`
}

function text(value: number | undefined): string {
  return value === undefined ? '' : String(value)
}

function toSchedule(reply: RedisReply): ScheduleRow {
  const [whole = '', spec = '', revision, next] = reply as readonly string[]
  const at = whole.indexOf(' ')
  return { queue: whole.slice(0, at), name: whole.slice(at + 1), spec, revision: Number(revision), nextAt: next === '' ? undefined : Number(next) }
}
