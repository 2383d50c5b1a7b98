import { type Command, Option } from 'commander'
import type { ExportFlags } from './commands/storage-export.ts'
import type { ImportFlags } from './commands/storage-import.ts'
import type { CommonFlags } from './options.ts'
import type { ExitStatus, Outcome } from './outcome.ts'
import type { Terminal } from './terminal.ts'
import { repeated, withManifest } from './with-manifest.ts'

type Run = (flags: CommonFlags, command: () => Promise<Outcome | ExitStatus>) => Promise<void>

/** What an operator does with documents: they open the backend themselves, also while a server runs on it. */
export function addStorageCommands(root: Command, terminal: Terminal, run: Run): void {
  const storage = root.command('storage').description('documents in and out, as lines of JSON')

  withManifest(storage.command('export [binding]'))
    .description('write all records of a storage binding, in the order of their ids')
    .option('--collection <name>', 'only this collection; may be repeated', repeated)
    .option('--out <path>', 'a new file, or - for standard output, which is where it goes unless given')
    .option('--resume', 'go on after the last whole line of a file that was broken off')
    .action((binding: string | undefined, flags: ExportFlags) =>
      run(flags, async () => (await import('./commands/storage-export.ts')).storageExport(flags, binding ?? 'storage', terminal)))

  withManifest(storage.command('import [binding]'))
    .description('read an export into a storage binding; ids and times are kept, versions are made anew')
    .option('--in <path>', 'the file, or - for standard input, which is what is read unless given')
    .option('--collection <name>', 'only records of this collection; may be repeated', repeated)
    .addOption(new Option('--on-conflict <what>', 'what becomes of a record whose id is there already').choices(['fail', 'skip', 'replace']).default('fail'))
    .option('--resume', 'go on with an import that was broken off: records that are there and the same count as done')
    .option('--partial', 'take a file that is cut, or was changed since it was written')
    .option('--ignore-steps', 'take the records as they are, though a step of migrations ran here that they have not been through')
    .action((binding: string | undefined, flags: ImportFlags) =>
      run(flags, async () => (await import('./commands/storage-import.ts')).storageImport(flags, binding ?? 'storage', terminal)))
}
