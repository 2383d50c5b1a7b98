import type { ScheduleRow } from '../../kernel/ports/queue/index.ts'

const rowBytes = 500

/** The schedules of a binding; there are 1,000 at most. */
export class Schedules {
  sizeBytes = 0
  readonly #rows = new Map<string, ScheduleRow>()

  all(): readonly ScheduleRow[] {
    return [...this.#rows.values()]
  }

  /** When the first one fires. */
  earliest(): number | undefined {
    const times = this.all().flatMap(({ nextAt }) => nextAt ?? [])
    return times.length > 0 ? Math.min(...times) : undefined
  }

  /** Whether the schedule is as it was read; undefined: it is not there. */
  isAt(at: Pick<ScheduleRow, 'queue' | 'name'>, revision: number | undefined): boolean {
    return this.#rows.get(nameOf(at))?.revision === revision
  }

  put(row: ScheduleRow): void {
    this.drop(row)
    this.#rows.set(nameOf(row), row)
    this.sizeBytes += sizeOf(row)
  }

  drop(row: ScheduleRow): void {
    const before = this.#rows.get(nameOf(row))
    if (!before) return
    this.#rows.delete(nameOf(row))
    this.sizeBytes -= sizeOf(before)
  }

  clear(): void {
    this.#rows.clear()
    this.sizeBytes = 0
  }
}

function nameOf({ queue, name }: Pick<ScheduleRow, 'queue' | 'name'>): string {
  // No queue's name has a slash.
  return `${queue}/${name}`
}

function sizeOf({ spec }: ScheduleRow): number {
  return rowBytes + spec.length * 2
}
