import type { Command } from 'commander'
import type { QueueFlags } from './commands/queue-pause.ts'
import type { CommonFlags } from './options.ts'
import type { ExitStatus, Outcome } from './outcome.ts'
import { withBinding } from './queue-options.ts'
import type { Terminal } from './terminal.ts'

type Run = (flags: CommonFlags, command: () => Promise<Outcome | ExitStatus>) => Promise<void>

/** Jobs that come by the clock: when they come next, and whether they do. */
export function addScheduleCommands(queue: Command, terminal: Terminal, run: Run): void {
  const schedules = queue.command('schedules').description('jobs that come by the clock: when, and whether they do')

  withBinding(schedules.command('list [queue]', { isDefault: true }))
    .description('the schedules of a queue, of a binding or of all, with their next ticks')
    .action((name: string | undefined, flags: QueueFlags) => run(flags, async () => (await import('./commands/queue-schedules.ts')).queueSchedules(flags, name, terminal)))

  for (const [what, description] of [
    ['pause', 'fire no ticks of a schedule until it is resumed'], ['resume', 'fire ticks of a schedule again, from the next one on'], ['run', 'add a job of a schedule now, whatever its ticks'],
  ] as const) {
    withBinding(schedules.command(`${what} <queue> <name>`))
      .description(description)
      .action((of: string, name: string, flags: QueueFlags) => run(flags, async () => (await import('./commands/queue-schedule-change.ts')).changeSchedule(flags, { queue: of, name }, what, terminal)))
  }
}
