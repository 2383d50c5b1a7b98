import type { Command } from 'commander'
import type { QueueFlags } from './commands/queue-pause.ts'
import type { CommonFlags } from './options.ts'
import type { ExitStatus, Outcome } from './outcome.ts'
import { addDeadCommands } from './queue-dead-commands.ts'
import { duration, withBinding, withServer } from './queue-options.ts'
import { addScheduleCommands } from './queue-schedule-commands.ts'
import type { ServerFlags } from './server-url.ts'
import type { Terminal } from './terminal.ts'

type Run = (flags: CommonFlags, command: () => Promise<Outcome | ExitStatus>) => Promise<void>

/** What an operator sees of queues and does with them: all of it asks the running server. */
export function addQueueCommands(root: Command, terminal: Terminal, run: Run): void {
  const queue = root.command('queue').description('look at the queues of a running server, pause and drain them')

  withServer(queue.command('status', { isDefault: true }))
    .description('every queue with its counts, again each second on a terminal')
    .option('--once', 'look once')
    .action((flags: ServerFlags & { once?: boolean }) => run(flags, async () => (await import('./commands/queue-status.ts')).queueStatus(flags, terminal)))

  withBinding(queue.command('pause <queue>'))
    .description('lease no jobs of a queue until it is resumed')
    .option('--reason <text>', 'for who asks why it is paused')
    .action((name: string, flags: QueueFlags & { reason?: string }) => run(flags, async () => (await import('./commands/queue-pause.ts')).queuePause(flags, name, terminal)))

  withBinding(queue.command('resume <queue>'))
    .description('lease jobs of a queue again')
    .action((name: string, flags: QueueFlags) => run(flags, async () => (await import('./commands/queue-pause.ts')).queueResume(flags, name, terminal)))

  withBinding(queue.command('drain <queue>'))
    .description('pause a queue, and wait until none of its jobs is active; it stays paused')
    .option('--timeout <duration>', 'wait no longer than this: 30s, 5m', duration)
    .action((name: string, flags: QueueFlags & { timeout?: number }) => run(flags, async () => (await import('./commands/queue-drain.ts')).queueDrain(flags, name, terminal)))

  addDeadCommands(queue, terminal, run)
  addScheduleCommands(queue, terminal, run)
}
