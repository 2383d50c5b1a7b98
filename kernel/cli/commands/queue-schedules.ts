import type { Schedule } from '../../ports/queue/index.ts'
import type { Outcome } from '../outcome.ts'
import { chosenBinding, queueBindings } from '../queue/bindings.ts'
import { schedulesOf, whenOf } from '../queue/schedules.ts'
import { serverUrl } from '../server-url.ts'
import { type Cell, renderTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import type { QueueFlags } from './queue-pause.ts'

/** Ticks to come in the table; `--json` tells all that the server does. */
const shownTicks = 2

/** The schedules of one queue, of one binding, or of every binding that has them. */
export async function queueSchedules(flags: QueueFlags, queue: string | undefined, terminal: Terminal): Promise<Outcome> {
  const url = await serverUrl(flags, terminal)
  const names = queue === undefined && flags.binding === undefined
    ? (await queueBindings(url)).filter(({ capabilities }) => capabilities.includes('schedules')).map(({ name }) => name)
    : [await chosenBinding(url, flags.binding)]
  const items: (Schedule & { readonly binding: string })[] = []
  for (const binding of names) for (const schedule of await schedulesOf(url, binding, queue)) items.push({ binding, ...schedule })

  return {
    status: 0,
    json: { items },
    text: (paint) => (items.length === 0
      ? `no schedules${queue === undefined ? '' : ` in ${queue}`}\n`
      : renderTable(['binding', 'queue', 'schedule', 'when', 'zone', 'from', 'state', 'last', 'next'], items.map(rowOf), paint)),
  }
}

function rowOf({ binding, ...schedule }: Schedule & { readonly binding: string }): readonly Cell[] {
  const { queue, name, timezone = '-', origin, paused, lastAt, next } = schedule
  const ticks = next.slice(0, shownTicks).map(briefly).join(', ')
  return [
    binding, queue, name, whenOf(schedule), timezone, origin, paused ? { text: 'paused', style: 'yellow' } : 'open',
    lastAt === undefined ? '-' : briefly(lastAt), ticks === '' ? '-' : ticks,
  ]
}

/** A tick is seldom between two seconds. */
function briefly(time: string): string {
  return time.replace('.000Z', 'Z')
}
