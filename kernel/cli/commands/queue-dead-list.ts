import type { Job } from '../../ports/queue/index.ts'
import type { Outcome } from '../outcome.ts'
import { chosenBinding } from '../queue/bindings.ts'
import { type DeadFilter, deadPages } from '../queue/dead.ts'
import { serverUrl } from '../server-url.ts'
import { renderTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import type { QueueFlags } from './queue-pause.ts'

export type ListFlags = QueueFlags & DeadFilter

const messageChars = 80

/** The dead jobs that fit the filter, the latest first. */
export async function deadList(flags: ListFlags, queue: string, terminal: Terminal): Promise<Outcome> {
  const url = await serverUrl(flags, terminal)
  const binding = await chosenBinding(url, flags.binding)
  const items: Job[] = []
  let more = false
  for await (const { jobs, last } of deadPages({ url, binding, queue }, flags)) {
    items.push(...jobs)
    more = !last
  }
  return {
    status: 0,
    json: { binding, queue, items, more },
    text: (paint) => {
      if (items.length === 0) return `no dead jobs in ${queue}\n`
      const table = renderTable(['died', 'id', 'attempts', 'crashes', 'code', 'message'], items.map(rowOf), paint)
      return more ? `${table}${paint('dim', `there are more; --limit takes more than ${items.length}`)}\n` : table
    },
  }
}

function rowOf({ id, finishedAt = '', attempt, attempts, crashes, errors }: Job) {
  const { code = '', message = '' } = errors.at(-1) ?? {}
  const shown = message.length > messageChars ? `${message.slice(0, messageChars - 1)}…` : message
  return [finishedAt, id, `${attempt}/${attempts}`, String(crashes), code === '' ? '-' : code, shown]
}
