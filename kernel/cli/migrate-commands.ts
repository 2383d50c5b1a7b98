import type { Command } from 'commander'
import type { ApplyFlags } from './commands/migrate-apply.ts'
import type { CommonFlags } from './options.ts'
import type { ExitStatus, Outcome } from './outcome.ts'
import type { Terminal } from './terminal.ts'
import { repeated, withManifest } from './with-manifest.ts'

type Run = (flags: CommonFlags, command: () => Promise<Outcome | ExitStatus>) => Promise<void>

/** What lies between a storage binding's backend and the manifest: they open the backend themselves, also while a server runs on it. */
export function addMigrateCommands(root: Command, terminal: Terminal, run: Run): void {
  const migrate = root.command('migrate').description('make a storage backend what the manifest says, and run your own steps')

  withManifest(migrate.command('status [binding]'))
    .description('how the backend differs from the manifest, and how each step stands; exit status 1 when something is to be done')
    .action((binding: string | undefined, flags: CommonFlags) =>
      run(flags, async () => (await import('./commands/migrate-status.ts')).migrateStatus(flags, binding ?? 'storage', terminal)))

  withManifest(migrate.command('plan [binding]'))
    .description('the statements that apply would run, and what would be lost')
    .action((binding: string | undefined, flags: CommonFlags) =>
      run(flags, async () => (await import('./commands/migrate-plan.ts')).migratePlan(flags, binding ?? 'storage', terminal)))

  withManifest(migrate.command('apply [binding]'))
    .description('make what is missing, and run the steps that have not run')
    .option('--allow-destructive', 'also remove what the manifest no longer has: collections with their records, keys of indexes')
    .option('--edited <step>', 'let a step that was edited before it was through go on in its new words; may be repeated', repeated)
    .option('--refill <collection>', 'see to the index keys of a collection again, after replicas of an older manifest wrote to it; may be repeated', repeated)
    .action((binding: string | undefined, flags: ApplyFlags) =>
      run(flags, async () => (await import('./commands/migrate-apply.ts')).migrateApply(flags, binding ?? 'storage', terminal)))
}
