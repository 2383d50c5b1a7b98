import { type Command, InvalidArgumentError } from 'commander'
import { parseDuration } from '../manifest/units.ts'
import type { QueueFlags } from './commands/queue-pause.ts'
import type { CommonFlags } from './options.ts'
import type { ExitStatus, Outcome } from './outcome.ts'
import type { ServerFlags } from './server-url.ts'
import type { Terminal } from './terminal.ts'
import { withManifest } from './with-manifest.ts'

type Run = (flags: CommonFlags, command: () => Promise<Outcome | ExitStatus>) => Promise<void>

/** What an operator sees of queues and does with them: all of it asks the running server. */
export function addQueueCommands(root: Command, terminal: Terminal, run: Run): void {
  const queue = root.command('queue').description('look at the queues of a running server, pause and drain them')

  withServer(queue.command('status', { isDefault: true }))
    .description('every queue with its counts, again each second on a terminal')
    .option('--once', 'look once')
    .action((flags: ServerFlags & { once?: boolean }) => run(flags, async () => (await import('./commands/queue-status.ts')).queueStatus(flags, terminal)))

  for (const [what, description] of [['pause', 'lease no jobs of a queue until it is resumed'], ['resume', 'lease jobs of a queue again']] as const) {
    withBinding(queue.command(`${what} <queue>`))
      .description(description)
      .action((name: string, flags: QueueFlags) => run(flags, async () => (await import('./commands/queue-pause.ts')).queuePause(flags, name, what, terminal)))
  }

  withBinding(queue.command('drain <queue>'))
    .description('pause a queue, and wait until none of its jobs is active; it stays paused')
    .option('--timeout <duration>', 'wait no longer than this: 30s, 5m', duration)
    .action((name: string, flags: QueueFlags & { timeout?: number }) => run(flags, async () => (await import('./commands/queue-drain.ts')).queueDrain(flags, name, terminal)))
}

function withServer(command: Command): Command {
  return withManifest(command).option('--url <url>', 'where the server runs; as its manifest says unless given')
}

function withBinding(command: Command): Command {
  return withServer(command).option('--binding <name>', 'the queue binding: queue, or the only one, unless given')
}

function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new InvalidArgumentError('It must be a duration such as 500ms, 30s, 5m or 1h.')
  return ms
}
