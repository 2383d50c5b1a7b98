import { type Command, Option } from 'commander'
import type { DiscardFlags } from './commands/queue-dead-discard.ts'
import type { ListFlags } from './commands/queue-dead-list.ts'
import type { RedriveFlags } from './commands/queue-dead-redrive.ts'
import type { QueueFlags } from './commands/queue-pause.ts'
import type { CommonFlags } from './options.ts'
import type { ExitStatus, Outcome } from './outcome.ts'
import type { DeadChoice } from './queue/dead.ts'
import { count, rate, withBinding, withFilter } from './queue-options.ts'
import type { Terminal } from './terminal.ts'

type Run = (flags: CommonFlags, command: () => Promise<Outcome | ExitStatus>) => Promise<void>

/** The jobs of a queue that were given up: look at them, put them back, or remove them. */
export function addDeadCommands(queue: Command, terminal: Terminal, run: Run): void {
  const dead = queue.command('dead').description('dead jobs: those that were given up')

  withFilter(withBinding(dead.command('list <queue>')))
    .description('the dead jobs of a queue, the latest first')
    .addOption(new Option('--limit <count>', 'no more than so many').argParser(count).default(50))
    .action((name: string, flags: ListFlags) => run(flags, async () => (await import('./commands/queue-dead-list.ts')).deadList(flags, name, terminal)))

  withBinding(dead.command('show <queue> <id>'))
    .description('a job with its payload and all its errors')
    .action((name: string, id: string, flags: QueueFlags) => run(flags, async () => (await import('./commands/queue-dead-show.ts')).deadShow(flags, name, id, terminal)))

  withFilter(withBinding(dead.command('redrive <queue> [ids...]')))
    .description('put dead jobs back to work, with all their attempts')
    .option('--all', 'all of the queue, or all that fit the filter')
    .option('--limit <count>', 'with --all: no more than so many, the latest first', count)
    .option('--to <queue>', 'into another queue of the binding, without their idempotency keys')
    .option('--per-second <rate>', 'let no more than so many become ready in each second', rate)
    .option('--payload <json>', 'of a single job: what its payload becomes; JSON, or @ and a file')
    .action((name: string, ids: readonly string[], flags: RedriveFlags, command: Command) => {
      refuseUnclear(command, ids, flags)
      if (flags.payload !== undefined && (ids.length !== 1 || flags.all)) command.error('--payload goes with exactly one id', { exitCode: 2 })
      return run(flags, async () => (await import('./commands/queue-dead-redrive.ts')).deadRedrive(flags, name, ids, terminal))
    })

  withFilter(withBinding(dead.command('discard <queue> [ids...]')))
    .description('remove dead jobs for good')
    .option('--all', 'all of the queue, or all that fit the filter')
    .option('--limit <count>', 'with --all: no more than so many, the latest first', count)
    .option('--yes', 'do not ask')
    .action((name: string, ids: readonly string[], flags: DiscardFlags, command: Command) => {
      refuseUnclear(command, ids, flags)
      return run(flags, async () => (await import('./commands/queue-dead-discard.ts')).deadDiscard(flags, name, ids, terminal))
    })
}

/** Ids or `--all`, and a filter only with the latter. */
function refuseUnclear(command: Command, ids: readonly string[], { all, code, text, since, before, limit }: DeadChoice): void {
  if (ids.length === 0 && !all) command.error('name the ids of dead jobs, or take --all (with --code, --text, --since, --before)', { exitCode: 2 })
  if (ids.length > 0 && [all, code, text, since, before, limit].some((given) => given !== undefined)) command.error('give ids, or --all with a filter; not both', { exitCode: 2 })
}
