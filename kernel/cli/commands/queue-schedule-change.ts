import type { Job, Schedule, ScheduleAt } from '../../ports/queue/index.ts'
import { askServer } from '../ask-server.ts'
import type { Outcome } from '../outcome.ts'
import { chosenBinding, queuePath } from '../queue/bindings.ts'
import { serverUrl } from '../server-url.ts'
import type { Terminal } from '../terminal.ts'
import type { QueueFlags } from './queue-pause.ts'

/** Pauses or resumes a schedule over all replicas, or adds a job of it now. */
export async function changeSchedule(flags: QueueFlags, { queue, name }: ScheduleAt, what: 'pause' | 'resume' | 'run', terminal: Terminal): Promise<Outcome> {
  const url = await serverUrl(flags, terminal)
  const binding = await chosenBinding(url, flags.binding)
  const answer = await askServer(url, 'POST', queuePath(binding, queue, 'schedules', name, `_${what}`))
  if (what === 'run') {
    // A Portico answered: this is the job.
    const job = answer as Job
    return { status: 0, json: { binding, job }, text: (paint) => `job ${job.id} of ${paint('bold', name)} was added to ${queue}\n` }
  }
  // A Portico answered: this is the schedule.
  const schedule = answer as Schedule
  const told = what === 'pause' ? 'is paused: its ticks are gone until it is resumed' : `fires again, next at ${schedule.next[0] ?? 'no time'}`
  return { status: 0, json: { binding, schedule }, text: (paint) => `${paint('bold', name)} of ${queue} ${told}\n` }
}
