import type { Job } from '../../ports/queue/index.ts'
import { askServer } from '../ask-server.ts'
import type { Outcome } from '../outcome.ts'
import { chosenBinding, queuePath } from '../queue/bindings.ts'
import { serverUrl } from '../server-url.ts'
import { renderTable } from '../table.ts'
import type { Paint, Terminal } from '../terminal.ts'
import type { QueueFlags } from './queue-pause.ts'

/** One job with its payload and all its errors, whatever its state. */
export async function deadShow(flags: QueueFlags, queue: string, id: string, terminal: Terminal): Promise<Outcome> {
  const url = await serverUrl(flags, terminal)
  const binding = await chosenBinding(url, flags.binding)
  // A Portico answered: this is a job.
  const job = await askServer(url, 'GET', queuePath(binding, queue, 'jobs', id)) as Job
  return { status: 0, json: { binding, job }, text: (paint) => render(job, paint) }
}

function render({ errors, payload, schedule, progress: _past, ...job }: Job, paint: Paint): string {
  const fields = Object.entries(job).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)])
  const tick = schedule ? [['schedule', `${schedule.name} at ${schedule.at}`]] : []
  const told = renderTable(['field', 'value'], [...fields, ...tick, ['payload', JSON.stringify(payload)]], paint)
  if (errors.length === 0) return `${told}\nno errors\n`
  return `${told}\n${renderTable(['attempt', 'at', 'code', 'message'], errors.map(({ attempt, at, code, message }) => [String(attempt), at, code ?? '-', message]), paint)}`
}
